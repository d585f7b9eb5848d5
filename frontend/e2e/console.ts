// What a person does at a console.

import type { Page } from '@playwright/test';
import { expect, open } from './fixtures';

export const display = (page: Page, name: string, state = 'connected') =>
  page.locator(`[data-testid=console][data-name="${name}"][data-state="${state}"]`);

export const pane = (page: Page, name: string) => page.getByRole('region', { name: `Console of ${name}` });

/** Opens a console, and waits for its picture. */
export async function expectDisplay(page: Page, name: string, id = ''): Promise<void> {
  await open(page, `#/console/${id}`);
  await expect(display(page, name)).toBeVisible();
}

/**
 * A person's typing, with Shift where it is needed, and at a person's pace: a guest's keyboard
 * holds five keys, and one that does not run for so long loses what follows.
 */
export async function write(page: Page, text: string, end = 'Enter'): Promise<void> {
  for (const it of text) {
    await page.keyboard.press(/[A-Z~!@#$%^&*()_+{}|:"<>?]/.test(it) ? `Shift+${it}` : it, { delay: 50 });
    await page.waitForTimeout(50);
  }
  if (end) await page.keyboard.press(end);
}

/** Has the clipboard typed, key by key. */
export async function typeClipboard(page: Page, name: string, text: string): Promise<void> {
  await page.evaluate((it) => navigator.clipboard.writeText(it), text);
  await pane(page, name).getByTestId('console-keys').click();
  await page.getByTestId('console-type').click();
}
