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

test('an action shows with the next frame that it was asked for, before any answer', async ({ page }) => {
  await open(page);
  await page.route('**/rpc/Start', () => undefined); // it never answers
  const start = row(page, 'web-1').getByTestId('node-start');
  await start.waitFor();
  const busy = await start.evaluate(async (button: HTMLElement) => {
    const before = button.ariaBusy;
    button.click();
    await new Promise(requestAnimationFrame);
    return [before, button.ariaBusy];
  });
  expect(busy).toEqual([null, 'true']);
});

test('forcing off asks and names what is lost, and does nothing when that is declined', async ({
  page,
  lab,
}) => {
  const { id } = await lab.node('web-1');
  await lab.rpc('Start', id);
  await open(page);
  await expect(row(page, 'web-1', 'running')).toBeVisible();
  await choose(page, 'web-1', 'forceOff');
  await expect(page.getByTestId('forceOff-dialog')).toContainText('96 MiB of memory');
  await page.getByTestId('forceOff-cancel').click();
  await expect(page.getByTestId('forceOff-dialog')).toHaveCount(0);
  expect(await virsh('domstate', 'web-1')).toBe('running');
  await choose(page, 'web-1', 'forceOff');
  await page.getByTestId('forceOff-submit').click();
  await expect(row(page, 'web-1', 'stopped')).toBeVisible();
  expect(await virsh('domstate', 'web-1')).toBe('shut off');
  await page.getByTestId('nav-activity').click();
  await expect(page.getByTestId('activity-row').filter({ hasText: 'Force off web-1' })).toHaveAttribute(
    'data-outcome',
    'done',
  );
});

test('that the settings of the gateway were saved is among the activity', async ({ page, lab }) => {
  await open(page, '#/settings');
  await page.getByTestId('gateway-mode-external').check();
  await page.getByTestId('gateway-url').fill('http://127.0.0.1:9/guacamole');
  await page.getByTestId('gateway-dsn').fill('postgres://ann:secret@127.0.0.1:9/guacamole');
  try {
    await page.getByTestId('gateway-save').click();
    await expect(page.getByTestId('gateway-line')).toHaveAttribute('data-state', 'failed'); // nobody is there
    await page.getByTestId('nav-activity').click();
    const saved = page.getByTestId('activity-row').filter({ hasText: 'Save the gateway’s settings' });
    await expect(saved).toHaveAttribute('data-outcome', 'done');
  } finally {
    await lab.rpc('SetGateway', { mode: 'off' });
  }
});
