import type { Page } from '@playwright/test';
import { expect, open, row, test } from './fixtures';
import { virsh } from './place';

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  await lab.create(['alpha', 'beta', 'gamma']);
});

async function palette(page: Page, query: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await expect(page.getByTestId('palette-input')).toBeFocused();
  await page.keyboard.type(query);
}

test('the palette starts a node', async ({ page, lab }) => {
  await open(page);
  await palette(page, 'start alpha');
  await expect(page.getByTestId('palette-item').first()).toContainText('alpha');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('palette')).toHaveCount(0);
  await lab.truth('alpha', 'running');
  await expect(row(page, 'alpha', 'running')).toBeVisible();
  await virsh('destroy', 'alpha');
  await expect(row(page, 'alpha', 'stopped')).toBeVisible();
});

test('the palette opens the serial port of a node, also from its display', async ({ page, lab }) => {
  const { id } = await lab.node('beta');
  await open(page, `#/console/${id}`);
  await expect(page.getByTestId('console-device')).toHaveAttribute('data-device', 'display');
  for (const back of [true, false]) {
    await palette(page, 'serial beta');
    await page.keyboard.press('Enter');
    await expect(page.locator('[data-testid=serial][data-name=beta][data-state=off]')).toBeVisible();
    await expect(page.getByTestId('console-device')).toHaveAttribute('data-device', 'serial');
    if (back) await page.getByTestId('device-display').click();
  }
});

test('the palette opens every tab of the details', async ({ page }) => {
  await open(page);
  for (const [query, tab] of [
    ['console details gamma', 'console'],
    ['resources of gamma', 'resources'],
  ] as const) {
    await palette(page, query);
    await page.locator(`[data-testid=palette-item][data-id^="detail ${tab} "]`).click();
    await expect(page.locator('[data-testid=details][data-name=gamma]')).toHaveAttribute('data-tab', tab);
  }
});

test('the palette says that nothing was found, and Escape gives the focus back', async ({ page }) => {
  await open(page);
  await page.getByTestId('search').focus();
  await palette(page, 'no such thing at all');
  await expect(page.getByTestId('palette-none')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('palette')).toHaveCount(0);
  await expect(page.getByTestId('search')).toBeFocused();
});

test('? lists the shortcuts, each with its keys', async ({ page }) => {
  await open(page);
  await page.keyboard.press('?');
  await expect(page.getByTestId('shortcuts')).toBeVisible();
  expect(await page.getByTestId('shortcut').count()).toBeGreaterThan(8);
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('shortcuts')).toHaveCount(0);
});

test('a question mark in a field is a character', async ({ page }) => {
  await open(page);
  await page.getByTestId('search').focus();
  await page.keyboard.type('?');
  await expect(page.getByTestId('search')).toHaveValue('?');
  await expect(page.getByTestId('shortcuts')).toHaveCount(0);
});
