import type { Page } from '@playwright/test';
import { spawn } from 'node:child_process';
import { display, expectDisplay, pane, write } from './console';
import { expect, test } from './fixtures';
import { place } from './place';

let id = '';

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  await lab.create(['left'], { start: true, memoryMiB: 192 });
  await lab.booted('left');
  ({ id } = await lab.node('left'));
});

const serial = (page: Page, state = 'connected') =>
  page.locator(`[data-testid=serial][data-name=left][data-state=${state}]`);
const toolbar = (page: Page) => pane(page, 'left').getByTestId('console-toolbar');
const shown = (page: Page) => serial(page).locator('.xterm-rows');

/** Opens the serial port, and gives the keyboard to it. */
async function connect(page: Page): Promise<void> {
  await expectDisplay(page, 'left', id);
  await pane(page, 'left').getByTestId('device-serial').click();
  await expect(serial(page)).toBeVisible();
  await expect(serial(page).getByRole('textbox').first()).toBeFocused();
}

/** Has the shell say something that it was not told by this line. */
async function say(page: Page, word: string): Promise<void> {
  await write(page, `echo ${word}-$((6*7))`);
  await expect(shown(page)).toContainText(`${word}-42`);
}

/** The numbers of the terminal's rows, those that are in view. */
const numbers = async (page: Page) =>
  (await shown(page).locator('> div').allInnerTexts())
    .map((it) => it.trim())
    .filter((it) => /^\d+$/.test(it))
    .map(Number);

test('a flood arrives whole and in order, and the page goes on meanwhile', async ({ page }) => {
  let said = '';
  page.on('websocket', (socket) => {
    if (socket.url().includes('/console/serial/'))
      socket.on('framereceived', ({ payload }) => (said += String(payload)));
  });
  await connect(page);
  await write(page, 'seq 1 9999999');
  await expect.poll(() => said.length, { timeout: 60_000 }).toBeGreaterThan(120_000);
  await toolbar(page).getByTestId('node-menu').click();
  await expect(page.getByTestId('menu-pause')).toBeVisible();
  await page.keyboard.press('Escape');
  await serial(page).getByRole('textbox').first().focus();
  await page.keyboard.press('Control+c');
  await expect.poll(() => /\^C[^]*~# /.test(said), { timeout: 60_000 }).toBe(true);
  const lines = said.split('\r\n').filter((it) => /^\d+$/.test(it));
  const last = lines.length;
  expect(lines.findIndex((it, at) => it !== `${at + 1}`)).toBe(-1);
  await expect.poll(async () => (await numbers(page)).at(-1)).toBe(last);
  const inView = await numbers(page);
  expect(inView).toEqual(inView.map((_, at) => last - inView.length + 1 + at));
  // What has left the view is still there.
  await page.keyboard.press('Control+Shift+F');
  await page.keyboard.type(`${last - 1000}`);
  await expect.poll(() => numbers(page)).toContain(last - 1000);
});

test('virsh takes the port, which is said, and it can be taken back', async ({ page }) => {
  await connect(page);
  await say(page, 'before');
  const [first = 'env', ...rest] = [...place.prefix, 'script', '-qfec'];
  const client = spawn(first, [...rest, `virsh -c ${place.uri} console --force left`, '/dev/null'], {
    cwd: place.dir,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = new Promise((resolve) => client.once('exit', resolve));
  await expect(serial(page, 'taken')).toBeVisible();
  await expect(page.getByTestId('serial-note')).toContainText('Another took the serial port');
  await page.getByTestId('serial-retake').click();
  await expect(serial(page)).toBeVisible();
  await expect(page.getByTestId('serial-note')).toHaveCount(0);
  client.kill();
  await gone;
  await serial(page).getByRole('textbox').first().focus();
  await say(page, 'after');
});

test('a lost libvirt is waited for, and the port comes back by itself', async ({ page, lab, tolerated }) => {
  tolerated.push(/Failed to load resource|Failed when connecting/);
  await connect(page);
  const back = await lab.loseLibvirt();
  try {
    await expect(serial(page, 'waiting').or(serial(page, 'connecting'))).toBeVisible();
    await expect(page.getByTestId('serial-note')).toContainText('libvirt');
  } finally {
    await back();
  }
  await expect(serial(page)).toBeVisible({ timeout: 60_000 });
  await serial(page).getByRole('textbox').first().focus();
  await say(page, 'again');
});

test('what is searched is found and marked, and can be copied', async ({ page }) => {
  await connect(page);
  await say(page, 'nail');
  await say(page, 'needle');
  await page.keyboard.press('Control+Shift+F');
  const field = page.getByTestId('serial-find');
  await expect(field).toBeFocused();
  await field.fill('nowhere');
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await field.fill('');
  await page.keyboard.type('needle-42');
  await expect(field).toHaveAttribute('aria-invalid', 'false');
  await expect(serial(page).locator('.xterm-selection div').first()).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(serial(page).getByRole('textbox').first()).toBeFocused();
  await page.keyboard.press('Control+Shift+C');
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('needle-42');
});

test('a clipboard of 5 MB is not pasted, which is said, and the port goes on', async ({ page }) => {
  await connect(page);
  await page.evaluate(() => navigator.clipboard.writeText('x'.repeat(5 << 20)));
  await page.keyboard.press('Control+Shift+V');
  await expect(page.getByTestId('toast')).toContainText('At most 262,144');
  await page.getByTestId('toast-close').click();
  await serial(page).getByRole('textbox').first().focus();
  await page.keyboard.press('Shift+Insert'); // the browser's own
  await expect(page.getByTestId('toast')).toContainText('At most 262,144');
  await say(page, 'on');
});

test('Ctrl and Alt together leave the serial port, and a console that fills the screen', async ({ page }) => {
  await connect(page);
  await page.keyboard.press('Control+Alt');
  await expect(toolbar(page)).toBeFocused();
  await pane(page, 'left').getByTestId('device-display').click();
  const full = pane(page, 'left').getByTestId('console-fullscreen');
  const fills = () => page.evaluate(() => document.fullscreenElement !== null);
  await full.click();
  await expect.poll(fills).toBe(true);
  await display(page, 'left').click();
  await page.keyboard.press('Control+Alt');
  await expect(toolbar(page)).toBeFocused();
  await full.press('Enter');
  await expect.poll(fills).toBe(false);
});
