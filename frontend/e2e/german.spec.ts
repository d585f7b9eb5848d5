// The page in another language: all of it is in that language, and has room there.

import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import PO from 'pofile';
import { choose, expect, open, row, test } from './fixtures';
import { cramped } from './look';

test.use({ locale: 'de-DE' });

const { items } = PO.parse(readFileSync('../backend/words/de.po', 'utf8'));
/** What would be English: texts that read otherwise in German, those with places by what is around them. */
const english = items
  .filter(({ msgid, msgstr }) => msgid !== msgstr[0])
  .flatMap(({ msgid, msgid_plural }) => [msgid, msgid_plural ?? msgid])
  .filter((text) => text.replace(/\{\d\}|<[^>]*>|#/g, '').length >= 6)
  .map((text) => text.split(/\{\d\}|<[^>]*>|#/).map((it) => it.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
  .map((pieces) => pieces.join('.+'));

/** What is English in sight, and in what is read out or shown beside it. */
async function left(page: Page): Promise<string[]> {
  const shown = await page.evaluate(() => {
    const all = new Set<string>();
    for (const it of document.body.querySelectorAll<HTMLElement>('*')) {
      for (const name of ['aria-label', 'data-tip', 'placeholder'])
        if (it.hasAttribute(name)) all.add(it.getAttribute(name) ?? '');
      if (it.checkVisibility())
        for (const { nodeType, nodeValue } of it.childNodes)
          if (nodeType === Node.TEXT_NODE) all.add(nodeValue?.trim().replace(/\s+/g, ' ') ?? '');
    }
    return [...all];
  });
  const whole = new RegExp(`^(?:${english.join('|')})$`, 's');
  return shown.filter((text) => whole.test(text));
}

async function look(page: Page, name: string): Promise<void> {
  const found: string[] = [];
  for (const [width, height] of [
    [1280, 800],
    [1024, 640],
  ] as const) {
    await page.setViewportSize({ width, height });
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
    found.push(...(await cramped(page)));
    await page.screenshot({ path: `../build/out/screenshots/german/${name}-${width}.png` });
  }
  found.push(...(await left(page)).map((text) => `“${text}” is English`));
  expect.soft(found, name).toEqual([]);
}

const go = (page: Page, hash: string) => page.evaluate((it) => (location.hash = it), hash);

test('the page is German where that is wished for, and has room for it', async ({ page, lab }) => {
  test.setTimeout(180_000);
  await lab.clear();
  await lab.create(['db-primary', 'a-build-agent-with-quite-a-long-name-for-a-node']);
  const [web] = await lab.boot('web-1');
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page);
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(row(page, 'web-1').getByTestId('state')).toHaveText('läuft');
  await look(page, 'nodes');
  await page.getByTestId('select-all').click();
  await look(page, 'selected');
  await page.getByTestId('select-none').click();
  await row(page, 'web-1').getByTestId('node-menu').click();
  await look(page, 'menu');
  await page.keyboard.press('Escape');
  await go(page, '#/nodes?view=table');
  await look(page, 'table');
  await page.keyboard.press('Control+k');
  await look(page, 'palette');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await look(page, 'shortcuts');
  await page.getByTestId('shortcuts-close').click();
  await page.getByTestId('create-open').click();
  await page.getByTestId('create-name').fill('lab-{1..5}');
  await look(page, 'create');
  await page.getByTestId('create-cancel').click();
  await choose(page, 'web-1', 'forceOff');
  await look(page, 'force-off');
  await page.getByTestId('forceOff-cancel').click();
  for (const tab of ['overview', 'console', 'resources', 'notes', 'history']) {
    await go(page, `#/nodes/${web?.id}/${tab}`);
    await expect(page.getByTestId('details')).toHaveAttribute('data-tab', tab);
    await look(page, `details-${tab}`);
  }
  await go(page, '#/images');
  await look(page, 'images');
  await page.getByTestId('image-add').click();
  await look(page, 'image-add');
  await page.getByTestId('image-cancel').click();
  await page.getByTestId('images-show-catalogue').click();
  await expect(page.getByTestId('entry').first()).toBeVisible();
  await look(page, 'catalogue');
  for (const screen of ['activity', 'health', 'settings']) {
    await go(page, `#/${screen}`);
    await expect(page.getByTestId(screen)).toBeVisible();
    await look(page, screen);
  }
  await go(page, `#/console/${web?.id}`);
  await expect(page.getByTestId('console')).toHaveAttribute('data-state', 'connected');
  await look(page, 'console');
});

test('a language that is set holds at once, whatever the browser wishes for', async ({ page, lab }) => {
  await open(page, '#/images');
  const title = page.getByRole('heading', { level: 1 });
  await lab.rpc('ChangeSettings', { set: { 'desktop.language': 'en' }, reset: [] });
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(title).toBeVisible();
  await lab.rpc('ChangeSettings', { set: {}, reset: ['desktop.language'] });
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
});
