import type { Page, Request } from '@playwright/test';
import { expect, open, row, test } from './fixtures';
import { virsh } from './place';

// One that runs, some that are on without a boot, one that is off.
const paused = ['p-1', 'p-2', 'p-3', 'p-4', 'p-5', 'p-6'];
const names = new Map<string, string>();

// Three cards side by side, and two lines of them in sight: those from p-5 on are not.
test.use({ viewport: { width: 1100, height: 600 } });
const inSight = ['a-runs', 'p-1', 'p-2', 'p-3', 'p-4'];

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  const nodes = await lab.create(['a-runs', 'o-1', ...paused], { memoryMiB: 64 });
  for (const { id, name } of nodes) names.set(id, name);
  for (const name of paused) await virsh('start', '--paused', name);
  await virsh('start', 'a-runs');
  await lab.state('a-runs', 'running');
});

const nameOf = (request: Request) => names.get(/\/screenshot\/([^?]+)/.exec(request.url())?.[1] ?? '');

/** What is asked for from now on: of whom pictures, and how many at once. */
function listen(page: Page) {
  const asked = { pictures: [] as string[], now: 0, most: 0, usage: 0 };
  page.on('request', (request) => {
    if (request.url().endsWith('/rpc/Usage')) asked.usage++;
    const name = nameOf(request);
    if (!name) return;
    asked.pictures.push(name);
    asked.most = Math.max(asked.most, ++asked.now);
  });
  const end = (request: Request) => nameOf(request) && asked.now--;
  page.on('requestfinished', end);
  page.on('requestfailed', end);
  return asked;
}

const picture = (page: Page, name: string) => row(page, name).getByTestId('node-thumbnail').locator('img');

/** Tells the page whether it can be seen: without a head, Chromium has every tab in front. */
const hide = (page: Page, hidden: boolean) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);

test('pictures are asked for of what is on and in sight', async ({ page }) => {
  const asked = listen(page);
  await open(page);
  for (const name of inSight) await expect(picture(page, name)).toBeVisible();
  expect([...new Set(asked.pictures)].sort()).toEqual(inSight);
  expect(asked.most).toBeLessThanOrEqual(2);
  await row(page, 'p-6').scrollIntoViewIfNeeded();
  for (const name of ['p-5', 'p-6']) await expect(picture(page, name)).toBeVisible();
  await expect(row(page, 'o-1').getByTestId('node-thumbnail')).toHaveAttribute('data-live', 'false');
  expect(asked.pictures).not.toContain('o-1');
});

test('two that never come hold up neither the page nor, for long, the others', async ({ page }) => {
  await page.clock.install();
  const asked = listen(page);
  const lost: string[] = [];
  await page.route('**/screenshot/**', (route) => {
    const name = nameOf(route.request()) ?? '';
    if (lost.length < 2) lost.push(name);
    return lost.includes(name) ? undefined : route.continue();
  });
  await open(page);
  await expect.poll(() => asked.pictures).toHaveLength(2);
  await page.clock.pauseAt(new Date(Date.now() + 4_000));
  await page.getByTestId('select-all').click();
  await expect(page.getByTestId('selection')).toContainText('8');
  expect(asked.pictures, 'at most two at once').toHaveLength(2);
  await page.clock.runFor(8_000); // then they are given up
  for (const name of inSight.filter((it) => !lost.includes(it)))
    await expect(async () => {
      await page.clock.runFor(200);
      await expect(picture(page, name)).toBeVisible({ timeout: 100 });
    }).toPass();
  expect(asked.most).toBe(2);
});

test('nothing is asked for while the page is hidden, or another screen is in front', async ({ page }) => {
  await page.clock.install();
  const asked = listen(page);
  const both = () => ({ pictures: asked.pictures.length, usage: asked.usage });
  await open(page);
  await expect(row(page, 'a-runs').getByTestId('node-usage')).toContainText('%');
  const away = async () => {
    await page.getByTestId('nav-images').click();
    await expect(page.getByTestId('node-row')).toHaveCount(0);
  };
  for (const [leave, come] of [
    [() => hide(page, true), () => hide(page, false)],
    [away, () => page.getByTestId('nav-nodes').click()],
  ] as const) {
    await leave();
    await expect.poll(() => asked.now).toBe(0);
    const before = both();
    await page.clock.runFor(40_000);
    expect(both()).toEqual(before);
    await come();
    await expect.poll(() => asked.pictures.length).toBeGreaterThan(before.pictures);
    await expect.poll(() => asked.usage).toBeGreaterThan(before.usage);
  }
});

test('a node whose console is open shows what that shows, and is not asked', async ({ page, lab }) => {
  await page.clock.install();
  const asked = listen(page);
  await open(page, `#/console/${(await lab.node('a-runs')).id}`);
  await expect(page.locator('[data-testid=console][data-state=connected]')).toBeVisible();
  await page.getByTestId('nav-nodes').click();
  for (const name of inSight) await expect(picture(page, name)).toBeVisible();
  await page.clock.runFor(40_000);
  expect([...new Set(asked.pictures)].sort()).toEqual(inSight.slice(1));
  await page.getByTestId('console-tab').getByTestId('console-close').click();
  await page.clock.runFor(40_000);
  await expect.poll(() => asked.pictures).toContain('a-runs');
});
