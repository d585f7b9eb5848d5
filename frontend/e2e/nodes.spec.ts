import { expect, open, row, test } from './fixtures';
import { virsh } from './place';

test.beforeAll(({ lab }) => lab.clear());

test('a person makes a node, starts it, stops it and deletes it', async ({ page, lab }) => {
  await open(page);
  await page.getByTestId('no-nodes').getByRole('button').click();
  await page.getByTestId('create-name').fill('web-1');
  await page.getByTestId('create-memory').fill('96');
  await page.getByTestId('create-submit').click();
  await expect(row(page, 'web-1', 'running')).toBeVisible({ timeout: 60_000 });
  await lab.truth('web-1', 'running');
  await lab.booted('web-1');
  await row(page, 'web-1').getByTestId('node-stop').click();
  await expect(row(page, 'web-1', 'stopped')).toBeVisible({ timeout: 60_000 });
  await lab.truth('web-1', 'shut off');
  await row(page, 'web-1').getByTestId('node-menu').click();
  await page.getByTestId('menu-delete').click();
  await expect(page.getByTestId('undo-toast')).toContainText('web-1');
  await expect.poll(() => virsh('list', '--all', '--name')).not.toContain('web-1');
});
