import type { Locator, Page } from '@playwright/test';
import { display, expectDisplay, pane, write } from './console';
import { expect, row, test, watch } from './fixtures';
import { Guest } from './guest';
import { virsh } from './place';
import { cookies } from './program';
import { dotSize, prepare, say } from './vga';

const names = ['left', 'right'];
let ids: Record<string, string>;

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  ids = Object.fromEntries((await lab.boot(...names)).map(({ name, id }) => [name, id]));
  const guest = await Guest.listen('left');
  await prepare(guest);
  await guest.close();
});

const canvas = (page: Page) => display(page, 'left').locator('canvas').first();
const size = (it: Locator) => it.evaluate(({ width, height }: HTMLCanvasElement) => ({ width, height }));

test('an open console gives its own picture to the nodes', async ({ page }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await expectDisplay(page, 'left', ids.left);
  await page.getByTestId('nav-nodes').click();
  await expect(row(page, 'left').getByTestId('node-thumbnail').locator('img')).toBeVisible();
  await expect(row(page, 'right').getByTestId('node-thumbnail').locator('img')).toBeVisible();
  const of = (name: string) =>
    asked.filter((it) => it.includes('/screenshot/') && it.includes(`${ids[name]}`));
  expect(of('right')).not.toEqual([]);
  expect(of('left')).toEqual([]);
});

test('a guest may change its resolution each second', async ({ page }) => {
  const guest = await Guest.listen('left');
  await expectDisplay(page, 'left', ids.left);
  await pane(page, 'left').getByTestId('console-scale').click();
  await page.getByTestId('scale-actual').click();
  await guest.type('while [ ! -e /tmp/enough ]; do mode 800 600; sleep 1; mode 640 480; sleep 1; done &');
  const seen = new Set<number>();
  await expect
    .poll(async () => seen.add((await size(canvas(page))).width).size, { intervals: [100] })
    .toBeGreaterThan(1);
  await display(page, 'left').click();
  await write(page, 'echo typed-$((6*7)) >/dev/ttyS0');
  await guest.hear('typed-42');
  const begun = Date.now();
  await pane(page, 'left').getByTestId('console-scale').click();
  await expect(page.getByTestId('scale-actual')).toHaveAttribute('aria-checked', 'true');
  expect(Date.now() - begun).toBeLessThan(2_000);
  await page.keyboard.press('Escape');
  await say(guest, 'touch /tmp/enough; wait; mode 720 400');
  await expect.poll(() => size(canvas(page))).toEqual({ width: 720, height: 400 });
  const { width } = (await canvas(page).boundingBox()) ?? {};
  expect(width).toBe(720);
  await guest.close();
});

/** The middle of what is red in a picture of the page, in its own pixels. */
const redIn = (page: Page, png: string) =>
  page.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const to = document.createElement('canvas');
    [to.width, to.height] = [image.width, image.height];
    const context = to.getContext('2d') as CanvasRenderingContext2D;
    context.drawImage(image, 0, 0);
    const { data: bytes } = context.getImageData(0, 0, to.width, to.height);
    let [sum, x, y] = [0, 0, 0];
    for (let at = 0; at < bytes.length; at += 4) {
      const weight = (bytes[at] ?? 0) - (bytes[at + 1] ?? 0);
      if (weight < 100 || (bytes[at + 2] ?? 0) > 80) continue;
      sum += weight;
      x += weight * ((at / 4) % to.width);
      y += weight * Math.floor(at / 4 / to.width);
    }
    return sum ? { x: x / sum + 0.5, y: y / sum + 0.5 } : undefined;
  }, png);

/** How many of the pixels in the corner of a display, in a picture of the page, have a colour the guest does not show. */
const blurredIn = (canvas: Locator, png: string) =>
  canvas.evaluate(async (it: HTMLCanvasElement, data) => {
    const colours = (of: Uint8ClampedArray) => {
      const all: number[] = [];
      for (let at = 0; at < of.length; at += 4)
        all.push(((of[at] ?? 0) << 16) | ((of[at + 1] ?? 0) << 8) | (of[at + 2] ?? 0));
      return all;
    };
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const to = document.createElement('canvas');
    [to.width, to.height] = [image.width, image.height];
    const context = to.getContext('2d') as CanvasRenderingContext2D;
    context.drawImage(image, 0, 0);
    const { left, top } = it.getBoundingClientRect();
    const [x, y] = [left, top].map((edge) => Math.ceil((edge + 4) * devicePixelRatio)) as [number, number];
    const own = it.getContext('2d')?.getImageData(0, 0, it.width, it.height).data;
    const shown = new Set(colours(own ?? new Uint8ClampedArray()));
    const seen = colours(context.getImageData(x, y, 400, 300).data);
    return { shown: shown.size, blurred: seen.filter((colour) => !shown.has(colour)).length };
  }, png);

for (const ratio of [1, 1.25, 1.5])
  test(`a click where a pixel is seen reaches that pixel, at ${ratio}`, async ({ browser, lab }) => {
    const { origin } = lab.session;
    const context = await browser.newContext({
      baseURL: origin,
      deviceScaleFactor: ratio,
      storageState: cookies(lab.session),
    });
    const page = await context.newPage();
    const errors = watch(page, []);
    let pressed: { x: number; y: number } | undefined;
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        const it = Buffer.from(payload);
        // The pointer's message of RFB: 5, the buttons, and where.
        if (it.length >= 6 && it[0] === 5 && it[1] === 1)
          pressed = { x: it.readUInt16BE(2), y: it.readUInt16BE(4) };
      }),
    );
    const guest = await Guest.listen('left');
    await expectDisplay(page, 'left', ids.left);
    // Always the same place: the dot of the test before may still be shown.
    const [x, y] = [600, 430];
    await say(guest, `mode 640 480; dot ${x} ${y}`);
    await expect.poll(() => size(canvas(page))).toEqual({ width: 640, height: 480 });
    let red: { x: number; y: number } | undefined;
    await expect
      .poll(
        async () => (red = await redIn(page, (await display(page, 'left').screenshot()).toString('base64'))),
      )
      .toBeDefined();
    const corner = await display(page, 'left').boundingBox();
    if (!red || !corner) throw new Error('there is no picture');
    pressed = undefined;
    await page.mouse.click(corner.x + red.x / ratio, corner.y + red.y / ratio);
    await expect.poll(() => pressed).toBeDefined();
    const middle = Math.floor(dotSize / 2);
    expect(Math.abs((pressed as unknown as { x: number }).x - x - middle)).toBeLessThanOrEqual(1);
    expect(Math.abs((pressed as unknown as { y: number }).y - y - middle)).toBeLessThanOrEqual(1);
    await guest.close();
    await pane(page, 'left').getByTestId('console-scale').click();
    await page.getByTestId('scale-actual').click();
    await expect
      .poll(async () => blurredIn(canvas(page), (await page.screenshot()).toString('base64')))
      .toEqual({ shown: expect.any(Number) as unknown as number, blurred: 0 });
    await context.close();
    expect(errors).toEqual([]);
  });

test('a recording is kept when its node stops', async ({ page, tolerated }) => {
  tolerated.push(/Failed when connecting/); // noVNC's word for it
  await expectDisplay(page, 'right', ids.right);
  await pane(page, 'right').getByTestId('console-capture').click();
  await page.getByTestId('capture-record').click();
  await expect(page.getByTestId('tab-recording')).toBeVisible();
  const coming = page.waitForEvent('download');
  await virsh('destroy', 'right');
  expect((await coming).suggestedFilename()).toMatch(/^right-.*\.webm$/);
  await expect(page.getByTestId('tab-recording')).toHaveCount(0);
});
