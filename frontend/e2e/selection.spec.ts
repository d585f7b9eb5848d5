import { expect, open, row, test } from './fixtures';
import { virsh } from './place';

const names = Array.from({ length: 8 }, (_, at) => `many-${at + 1}`);

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  await lab.create(names);
});

test('all are deleted, a line for each, and Undo brings all back', async ({ page, lab }) => {
  const held: (() => void)[] = [];
  await page.route('**/rpc/Delete', async (route) => {
    if (held.length < names.length) await new Promise<void>((resolve) => held.push(resolve));
    await route.continue();
  });
  await open(page);
  await page.getByTestId('select-all').click();
  await expect(page.getByTestId('selection')).toContainText('8');
  await page.getByTestId('bulk-delete').click();
  for (const name of names)
    await expect(page.locator(`[data-testid=job-row][data-name="${name}"]`)).toHaveAttribute(
      'data-status',
      /waiting|working/,
    );
  for (let at = 0; at < names.length; at++) {
    await expect.poll(() => held.length).toBeGreaterThan(at);
    held[at]?.();
  }
  await expect(page.getByTestId('undo-toast')).toContainText('Deleted 8 nodes');
  expect(await lab.nodes()).toEqual([]);
  expect(await virsh('list', '--all', '--name')).toBe('');
  await page.getByTestId('undo').click();
  await expect.poll(async () => (await lab.nodes()).map(({ name }) => name)).toEqual(names);
  await expect(row(page, 'many-8', 'stopped')).toBeVisible();
  await page.getByTestId('nav-activity').click();
  const told = page.locator('[data-testid=activity-row][data-outcome=done]').filter({ hasText: 'Delete 8' });
  await expect(told.getByTestId('job-row')).toHaveCount(0);
  await told.getByTestId('activity-nodes').locator('summary').click();
  await expect(told.getByTestId('job-row')).toHaveText(names.map((name) => new RegExp(`${name} *done`)));
});

test('at most as many at once as the settings say, and what has not begun is cancelled', async ({
  page,
  lab,
}) => {
  let now = 0;
  let most = 0;
  const held: (() => void)[] = [];
  await page.route('**/rpc/Wipe', async (route) => {
    most = Math.max(most, ++now);
    await new Promise<void>((resolve) => held.push(resolve));
    now--;
    await route.continue();
  });
  await open(page);
  const limit = Number((await lab.rpc<Record<string, string>>('Preferences'))['bulk.limit'] ?? 4);
  await page.getByTestId('select-all').click();
  await page.getByTestId('bulk-wipe').click();
  await expect.poll(() => held.length).toBe(limit);
  await page.getByTestId('jobs-cancel').click();
  for (const release of held) release();
  await expect(page.getByTestId('jobs')).toHaveAttribute('data-over', 'true');
  expect(most).toBe(limit);
  expect(held.length).toBe(limit);
  await expect(page.locator('[data-testid=job-row][data-status=cancelled]')).toHaveCount(
    names.length - limit,
  );
  const wiped = (await lab.nodes()).filter(({ generation }) => generation > 1);
  expect(wiped.length).toBe(limit);
});

test('only what the search shows is chosen', async ({ page }) => {
  await open(page);
  await page.getByTestId('search').fill('many-3');
  await expect(page.getByTestId('node-row')).toHaveCount(1);
  await page.getByTestId('select-all').click();
  await expect(page.getByTestId('selection')).toContainText('1');
});

test('what came of each node stays in the activity, what failed first', async ({ page, lab, tolerated }) => {
  tolerated.push(/Failed to load resource/);
  const { id } = await lab.node('many-5');
  await page.route('**/rpc/Wipe', (route) =>
    route.continue(route.request().postData()?.includes(id) ? { postData: '["no-such-node"]' } : {}),
  );
  await open(page);
  await page.getByTestId('select-all').click();
  await page.getByTestId('bulk-wipe').click();
  await expect(page.getByTestId('jobs')).toHaveAttribute('data-over', 'true');
  await page.getByTestId('jobs-close').click();
  await page.getByTestId('nav-activity').click();
  const told = page.locator('[data-testid=activity-row][data-outcome=failed]');
  await expect(told).toContainText('7 of 8 done');
  const [first, ...others] = ['many-5', ...names.filter((name) => name !== 'many-5')];
  await expect(told.getByTestId('job-row')).toHaveText([
    new RegExp(`${first}.*no-such-node`),
    ...others.map((name) => new RegExp(`${name} *\\d.* discarded`)),
  ]);
});
