import { choose, expect, open, row, test } from './fixtures';
import { place, run, virsh } from './place';

test.beforeEach(({ lab }) => lab.clear());

test('a name of 63 characters moves nothing out of the window', async ({ page, lab }) => {
  const name = `n${'x'.repeat(61)}1`;
  await lab.create([name]);
  await page.setViewportSize({ width: 1024, height: 640 });
  await open(page);
  await expect(row(page, name, 'stopped')).toBeVisible();
  await expect(row(page, name).getByTestId('node-menu')).toBeInViewport();
  await choose(page, name, 'delete');
  const toast = page.getByTestId('undo-toast');
  await expect(toast).toContainText(name);
  await expect(toast.getByTestId('undo')).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test('a node that flips its state 20 times a second ends as what it is', async ({ page, lab }) => {
  await lab.create(['flip', 'still'], { start: true });
  await open(page);
  await expect(row(page, 'flip', 'running')).toBeVisible();
  const flip = 'for i in $(seq 40); do echo suspend flip; echo resume flip; done; echo suspend flip';
  const flipping = run('sh', '-c', `(${flip}) | virsh -q -c ${place.uri}`);
  await row(page, 'still').getByTestId('node-menu').click(); // it can be worked with meanwhile
  await page.getByTestId('menu-pause').click();
  await expect(row(page, 'still', 'paused')).toBeVisible();
  await flipping;
  await lab.truth('flip', 'paused');
  await expect(row(page, 'flip', 'paused')).toBeVisible();
});

for (const [verb, press] of [
  ['Start', 'node-start'],
  ['Wipe', 'node-wipe'],
] as const)
  test(`libvirt is lost in the middle of ${verb}: the page shows what is so`, async ({
    page,
    lab,
    tolerated,
  }) => {
    tolerated.push(/Failed to load resource/);
    await lab.create(['web-1']);
    await open(page);
    let back: (() => Promise<void>) | undefined;
    await page.route(`**/rpc/${verb}`, async (route) => {
      back = await lab.loseLibvirt();
      await route.continue();
    });
    await row(page, 'web-1').getByTestId(press).click();
    await expect(page.getByTestId('lost-banner')).toBeVisible();
    await expect(page.getByTestId('toast')).toContainText(`Could not ${verb.toLowerCase()} web-1`);
    await back?.();
    await expect(page.getByTestId('lost-banner')).toHaveCount(0, { timeout: 60_000 });
    await expect(row(page, 'web-1', 'stopped')).toBeVisible();
    expect(await virsh('domstate', 'web-1')).toBe('shut off');
    expect((await lab.node('web-1')).state).toBe('stopped');
  });
