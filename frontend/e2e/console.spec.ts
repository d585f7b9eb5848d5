import type { Download, Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { display, expectDisplay, pane, write } from './console';
import { expect, test } from './fixtures';
import { Guest } from './guest';
import { virsh } from './place';

const names = ['left', 'right'];
let ids: Record<string, string>;

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  ids = Object.fromEntries((await lab.boot(...names)).map(({ name, id }) => [name, id]));
});

const connect = (page: Page, name = 'left') => expectDisplay(page, name, ids[name]);

async function capture(page: Page, item: string): Promise<void> {
  await pane(page, 'left').getByTestId('console-capture').click();
  await page.getByTestId(`capture-${item}`).click();
}

const content = async (download: Download) => readFile(await download.path());

test('what is typed at the display reaches the guest', async ({ page }) => {
  const guest = await Guest.listen('left');
  await connect(page);
  await display(page, 'left').click();
  await write(page, 'echo display-$((6*7)) >/dev/ttyS0');
  await guest.hear('display-42');
  await guest.close();
});

test('the clipboard is typed, with what needs Shift', async ({ page }) => {
  const guest = await Guest.listen('left');
  await connect(page);
  await page.evaluate(() => navigator.clipboard.writeText(`echo 'A_b@#~{|}' "$((40+2))" >/dev/ttyS0\n`));
  await pane(page, 'left').getByTestId('console-keys').click();
  await page.getByTestId('console-type').click();
  await guest.hear('A_b@#~{|} 42');
  await guest.close();
});

test('a clipboard of 5 MB is refused with words, and the page goes on', async ({ page }) => {
  await connect(page);
  await page.evaluate(() => navigator.clipboard.writeText('x'.repeat(5 << 20)));
  await pane(page, 'left').getByTestId('console-keys').click();
  await page.getByTestId('console-type').click();
  await expect(page.getByTestId('type-dialog').or(page.getByTestId('toast'))).toContainText(
    /At most|too (long|large)/,
  );
});

test('the screenshot is a PNG of the size of the display', async ({ page }) => {
  await connect(page);
  const canvas = display(page, 'left').locator('canvas').first();
  const size = await canvas.evaluate((it: HTMLCanvasElement) => [it.width, it.height]);
  const coming = page.waitForEvent('download');
  await capture(page, 'file');
  const png = await content(await coming);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual(size);
  await page.bringToFront();
  await capture(page, 'copy');
  await expect
    .poll(() =>
      page.evaluate(async () => (await navigator.clipboard.read()).flatMap(({ types }) => [...types])),
    )
    .toContain('image/png');
});

test('the recording is a film that plays', async ({ page, context }) => {
  await connect(page);
  await capture(page, 'record');
  await expect(page.getByTestId('tab-recording')).toBeVisible();
  await display(page, 'left').click();
  await write(page, 'ls -l /bin /etc');
  const coming = page.waitForEvent('download');
  await page.getByTestId('record-stop').click();
  const film = (await content(await coming)).toString('base64');
  const player = await context.newPage();
  const frames = await player.evaluate(async (data) => {
    const video = document.createElement('video');
    video.muted = true;
    video.src = `data:video/webm;base64,${data}`;
    await video.play();
    await new Promise((resolve) => (video.onended = resolve));
    return video.getVideoPlaybackQuality().totalVideoFrames;
  }, film);
  expect(frames).toBeGreaterThan(0);
});

test('broadcast typing reaches both consoles, and only while it is on', async ({ page }) => {
  const guests = await Promise.all(names.map((name) => Guest.listen(name)));
  await connect(page, 'right');
  await page.evaluate((id) => (location.hash = `#/console/${id}`), ids.left);
  await page.getByTestId('layout-2').click();
  for (const name of names) await expect(display(page, name)).toBeVisible();
  await page.getByTestId('broadcast').click();
  await expect(page.getByTestId('broadcast-banner')).toContainText('2 consoles');
  await display(page, 'left').click();
  await write(page, 'echo all-$((20+1)) >/dev/ttyS0');
  for (const guest of guests) await guest.hear('all-21');
  await page.getByTestId('broadcast-stop').click();
  await display(page, 'left').click();
  await write(page, 'echo one-$((20+2)) >/dev/ttyS0');
  await guests[0]?.hear('one-22');
  await expect(guests[1]?.hear('one-22', 500)).rejects.toThrow('in vain');
  for (const guest of guests) await guest.close();
});

test('Ctrl and Alt together give the keyboard back', async ({ page }) => {
  await connect(page);
  await display(page, 'left').click();
  await page.keyboard.press('Control+Alt');
  await expect(pane(page, 'left').getByTestId('console-toolbar')).toBeFocused();
});

test('Ctrl+Alt+Del restarts the guest, and the console comes back by itself', async ({ page, lab }) => {
  const guest = await Guest.listen('left');
  await connect(page);
  await pane(page, 'left').getByTestId('console-keys').click();
  await page.getByTestId('console-cad').click();
  await guest.hear('Restarting system', 30_000);
  await guest.close();
  await lab.booted('left');
  await expect(display(page, 'left')).toBeVisible();
});

test('a console that closes while it is typed into says so, and comes back', async ({
  page,
  lab,
  tolerated,
}) => {
  tolerated.push(/Failed when connecting/); // noVNC's word for it
  await connect(page);
  await display(page, 'left').click();
  const typing = page.keyboard.type('x'.repeat(60), { delay: 30 });
  await virsh('destroy', 'left');
  await typing;
  await expect(display(page, 'left', 'off')).toBeVisible();
  await expect(page.getByTestId('console-cover').first()).toContainText('off');
  await virsh('start', 'left');
  await expect(display(page, 'left')).toBeVisible({ timeout: 30_000 });
  await lab.truth('left', 'running');
});
