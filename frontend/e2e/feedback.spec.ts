import { choose, expect, open, row, test } from './fixtures';
import { virsh } from './place';

test.beforeEach(async ({ lab }) => {
  await lab.clear();
  await lab.create(['web-1']);
});

test('a deleted node comes back by Undo, with its UUID and MAC', async ({ page, lab }) => {
  const before = await lab.node('web-1');
  await open(page);
  await choose(page, 'web-1', 'delete');
  await expect(row(page, 'web-1')).toHaveCount(0);
  await page.getByTestId('undo').click();
  await expect(row(page, 'web-1', 'stopped')).toBeVisible();
  const after = await lab.node('web-1');
  expect([after.id, after.mac]).toEqual([before.id, before.mac]);
});

test('what was deleted is restored from the activity, where it is told', async ({ page, lab }) => {
  await open(page);
  await choose(page, 'web-1', 'delete');
  await page.getByTestId('nav-activity').click();
  await expect(page.getByTestId('activity-row').filter({ hasText: 'Delete web-1' })).toHaveAttribute(
    'data-outcome',
    'done',
  );
  await page.locator('[data-testid=deleted-row][data-name="web-1"]').getByTestId('restore').click();
  await expect(page.getByTestId('deleted-row')).toHaveCount(0);
  await lab.state('web-1', 'stopped');
});

test('a wipe is undone by the toast', async ({ page, lab }) => {
  await open(page);
  await row(page, 'web-1').getByTestId('node-wipe').click();
  await expect(page.getByTestId('undo-toast')).toContainText('Wiped web-1');
  expect((await lab.node('web-1')).generation).toBe(2);
  await page.getByTestId('undo').click();
  await expect.poll(async () => (await lab.node('web-1')).generation).toBe(1);
});

test('a failure is told in full, and can be copied', async ({ page, tolerated }) => {
  tolerated.push(/Failed to load resource/);
  await open(page);
  const uuid = await virsh('domuuid', 'web-1');
  await page.route('**/rpc/Start', (route) => route.continue({ postData: '["no-such-node"]' }));
  await row(page, 'web-1').getByTestId('node-start').click();
  await expect(page.getByTestId('toast')).toContainText('Could not start web-1');
  await page.getByTestId('nav-activity').click();
  const failed = page.locator('[data-testid=activity-row][data-outcome=failed]');
  await expect(failed).toContainText('no-such-node');
  await failed.getByTestId('activity-copy').click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain('no-such-node');
  expect(await virsh('domstate', uuid)).toBe('shut off');
});

test('an action shows within 100 ms that it was asked for', async ({ page }) => {
  await open(page);
  await page.route('**/rpc/Start', () => undefined); // it never answers
  const start = row(page, 'web-1').getByTestId('node-start');
  await start.waitFor();
  const took = await start.evaluate(async (button: HTMLElement) => {
    const shown = () => document.querySelector('[data-testid=node-row]')?.outerHTML;
    const before = shown();
    const began = performance.now();
    button.click();
    while (shown() === before && performance.now() - began < 3000) await new Promise(requestAnimationFrame);
    return performance.now() - began;
  });
  expect(took).toBeLessThan(250); // 100 on a machine that does nothing else
});
