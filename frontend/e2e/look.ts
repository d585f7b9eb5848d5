// How a screen looks: pictures of it to look at, and what can be found wrong without looking.

import axeCore from 'axe-core';
import type { CDPSession, Page } from '@playwright/test';
import { expect, test } from './fixtures';

const folder = '../build/out/screenshots/page';
const small = { width: 1024, height: 640 };
const usual = { width: 1280, height: 800 };
const large = { width: 2560, height: 1440 };

/** Waits until what moves has come to rest. */
async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await document.fonts.ready;
    const finite = (it: Animation) => it.effect?.getTiming().iterations !== Infinity;
    const moving = document.getAnimations().filter(finite);
    await Promise.allSettled(moving.map((it) => it.finished));
    // What measures itself does so at the end of a frame.
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  });
}

/** What is wrong that keeps people out, in a line each. */
async function barriers(page: Page, rules?: string[]): Promise<string[]> {
  return page.evaluate(async (rules) => {
    const { axe } = window as unknown as { axe: typeof axeCore };
    const { violations } = await axe.run({
      resultTypes: ['violations'],
      preload: false,
      ...(rules && { runOnly: rules }),
    });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
      );
  }, rules);
}

/**
 * Where the window has no room: what is wider than it, and words that can not be read to their end
 * and either do not say so by an ellipsis or do not have the rest in a tooltip.
 */
export const cramped = (page: Page) =>
  page.evaluate(() => {
    const found = new Set<string>();
    if (document.documentElement.scrollWidth > innerWidth) found.add('it is wider than the window');
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let text = words.nextNode(); text; text = words.nextNode()) {
      const parent = text.parentElement as Element;
      const seen = parent.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      if (!text.nodeValue?.trim() || !seen || parent.closest('.xterm')) continue;
      range.selectNodeContents(text);
      const { left, right, top, bottom } = range.getBoundingClientRect();
      for (let it: Element | null = parent; it && left < right; it = it.parentElement) {
        const { overflowX, overflowY, textOverflow, webkitLineClamp, clipPath } = getComputedStyle(it);
        if (clipPath !== 'none') break; // for screen readers alone
        const box = it.getBoundingClientRect();
        const hides = (overflow: string) => /hidden|clip/.test(overflow);
        const cut =
          (hides(overflowX) && (left < box.left - 1 || right > box.right + 1)) ||
          (hides(overflowY) && (top < box.top - 1 || bottom > box.bottom + 1));
        const told = (textOverflow === 'ellipsis' || webkitLineClamp !== 'none') && it.closest('[data-tip]');
        if (cut && !told) found.add(`“${text.nodeValue.trim().slice(0, 60)}” is cut off`);
        if (cut || /auto|scroll/.test(overflowX + overflowY)) break;
      }
    }
    return [...found];
  });

type Size = typeof small;

/** Looks at one page at screen after screen, without loading it anew: that takes longest of all. */
export class Looker {
  #name = '';
  #found: string[] = [];

  private constructor(
    private readonly page: Page,
    private readonly browser: CDPSession,
  ) {}

  static async of(page: Page): Promise<Looker> {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.evaluate(axeCore.source);
    return new Looker(page, await page.context().newCDPSession(page));
  }

  /**
   * Looks at a screen in windows small, usual and large, and in both schemes. A main one also with large
   * text, with high contrast and in the desktop's own colours.
   */
  async at(name: string, { main = false } = {}): Promise<void> {
    await test.step(name, async () => {
      [this.#name, this.#found] = [name, []];
      await this.page.emulateMedia({ colorScheme: 'dark' });
      for (const size of [large, small, usual]) {
        await this.#turn(size);
        await this.#measure();
        if (main || size === usual) await this.#picture('dark', size);
      }
      this.#found.push(...(await barriers(this.page)));
      // All but the colours is the same.
      await this.page.emulateMedia({ colorScheme: 'light' });
      await settle(this.page);
      await this.#picture('light', usual);
      this.#found.push(...(await barriers(this.page, ['color-contrast'])));
      if (main) await this.#enlarge();
      if (main) await this.#recolour();
      expect.soft(this.#found, name).toEqual([]);
    });
  }

  async #enlarge(): Promise<void> {
    for (const percent of [125, 200]) {
      await this.browser.send('Page.setFontSizes', { fontSizes: { standard: (16 * percent) / 100 } });
      for (const size of [small, usual]) {
        await this.#turn(size);
        await this.#measure(`, text at ${percent} %`);
        await this.#picture(`text${percent}`, size);
      }
    }
    await this.browser.send('Page.setFontSizes', { fontSizes: { standard: 16 } });
    await this.#turn(usual);
  }

  async #recolour(): Promise<void> {
    for (const colorScheme of ['dark', 'light'] as const) {
      await this.page.emulateMedia({ colorScheme, contrast: 'more' });
      await settle(this.page);
      await this.#picture(`contrast-${colorScheme}`, usual);
      this.#found.push(...(await barriers(this.page, ['color-contrast'])));
    }
    await this.page.emulateMedia({ contrast: 'no-preference', forcedColors: 'active' });
    await settle(this.page);
    await this.#picture('forced', usual);
    await this.page.emulateMedia({ forcedColors: 'none' });
  }

  async #turn(size: Size): Promise<void> {
    await this.page.setViewportSize(size);
    await settle(this.page);
  }

  async #measure(how = ''): Promise<void> {
    const { width } = this.page.viewportSize() as Size;
    this.#found.push(...(await cramped(this.page)).map((it) => `at ${width}${how}: ${it}`));
  }

  async #picture(how: string, { width }: Size): Promise<void> {
    await this.page.screenshot({ path: `${folder}/${this.#name}-${how}-${width}.jpg`, quality: 85 });
  }
}
