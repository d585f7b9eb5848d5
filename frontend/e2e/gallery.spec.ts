import axeCore from 'axe-core';
import type { Page } from '@playwright/test';
import { expect, open, row, test } from './fixtures';

const folder = '../build/out/screenshots/page';
const sizes = [
  [1024, 640],
  [1280, 800],
  [2560, 1440],
] as const;

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  await lab.create(['db-primary', 'scratch', 'web-2']);
  await lab.boot('web-1');
});

const press = (id: string) => (page: Page) => page.getByTestId(id).first().click();

/** Each screen: its address, and what is done before it is looked at. */
const screens: Record<string, [address: string, act?: (page: Page) => Promise<unknown>]> = {
  nodes: ['#/nodes'],
  'nodes-selected': ['#/nodes', press('select-all')],
  menu: ['#/nodes', (page) => row(page, 'web-1').getByTestId('node-menu').click()],
  create: ['#/nodes', press('create-open')],
  palette: ['#/nodes', (page) => page.keyboard.press('Control+k')],
  shortcuts: ['#/nodes', (page) => page.keyboard.press('?')],
  'no-match': ['#/nodes', (page) => page.getByTestId('search').fill('nothing like it')],
  images: ['#/images'],
  activity: ['#/activity'],
  health: ['#/health', (page) => page.getByTestId('host').waitFor()],
  settings: ['#/settings', (page) => page.getByTestId('gateway-mode').waitFor()],
};

async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await document.fonts.ready;
    const finite = (it: Animation) => it.effect?.getTiming().iterations !== Infinity;
    await Promise.allSettled(
      document
        .getAnimations()
        .filter(finite)
        .map((it) => it.finished),
    );
  });
}

/** What is wrong that keeps people out, in a line each. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axeCore.source);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof axeCore };
    const { violations } = await axe.run({ resultTypes: ['violations'] } as never);
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
      );
  });
}

for (const colorScheme of ['light', 'dark'] as const)
  for (const [name, [address, act]] of Object.entries(screens))
    test(`${name} in ${colorScheme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await open(page, address);
      await act?.(page);
      const found: string[] = [];
      for (const [width, height] of sizes) {
        await page.setViewportSize({ width, height });
        await settle(page);
        await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png` });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        if (wide) found.push(`it is wider than a window of ${width}`);
      }
      found.push(...(await barriers(page)));
      expect(found).toEqual([]);
    });

for (const colorScheme of ['light', 'dark'] as const)
  test(`console in ${colorScheme}`, async ({ page, lab }) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await open(page, `#/console/${(await lab.node('web-1')).id}`);
    await expect(page.locator('[data-testid=console][data-state=connected]')).toBeVisible();
    for (const [width, height] of sizes) {
      await page.setViewportSize({ width, height });
      await settle(page);
      await page.screenshot({ path: `${folder}/console-${colorScheme}-${width}.png` });
    }
    expect(await barriers(page)).toEqual([]);
  });
