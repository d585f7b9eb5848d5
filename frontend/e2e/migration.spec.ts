import { expect, open, row, test } from './fixtures';
import { Looker } from './look';
import { place, run } from './place';

const folder = `${place.dir}/prototype`;
const ids = ['7c9e6679-7425-40de-944b-e07fc1f90ae7', '0e37df36-f698-11e6-8dd4-cb9ced3df976'];
const state = (name: string, id: string, ram: number) => ({
  id,
  name,
  osType: 'tiny',
  status: 'stopped',
  overlayPath: `/overlays/node_${id}.qcow2`,
  createdAt: '2025-03-01T10:00:00.123Z',
  startedAt: null,
  wipedAt: null,
  resources: { ram, cpus: 1 },
});

test.beforeEach(async ({ lab }) => {
  await lab.clear();
  const nodes = [
    state('web server', ids[0] ?? '', 192),
    state('db', ids[1] ?? '', 256),
    state('lost', '16fd2706-8baf-433b-82eb-8c7fada847da', 512),
  ];
  const lay = [
    'rm -rf "$0" && mkdir -p "$0/images" "$0/overlays" "$0/backend" && cp "$1" "$0/images/tiny.qcow2"',
    ...ids.map(
      (id) =>
        `qemu-img create -q -u -f qcow2 -b /images/tiny.qcow2 -F qcow2 "$0/overlays/node_${id}.qcow2" 256M`,
    ),
    'printf %s "$2" >"$0/backend/nodes-state.json"',
  ];
  await run('sh', '-c', lay.join(' && '), folder, place.image, JSON.stringify({ version: '1.0.0', nodes }));
});

test('the nodes of a web prototype are planned, brought over, and told', async ({ page, lab, tolerated }) => {
  tolerated.push(/status of 404 .*PlanMigration/); // of a folder that is not there
  await open(page, '#/settings');
  await page.getByTestId('search').fill('prototype');
  const look = await Looker.of(page);
  const rows = page.getByTestId('migration-row');
  const line = (name: string) => page.locator(`[data-testid=migration-row][data-name="${name}"]`);

  await page.getByTestId('migration-dir').fill(`${folder}/none`);
  await page.getByTestId('migration-plan').click();
  await expect(page.getByTestId('problem')).toContainText('There is no folder');
  await page.getByTestId('migration-dir').fill(folder);
  await page.getByTestId('migration-plan').click();
  await expect(rows).toHaveCount(4);
  await expect(line('web-server')).toHaveAttribute('data-status', 'ready');
  await expect(line('web-server')).toContainText('In the prototype its name was "web server".');
  await expect(line('lost')).toHaveAttribute('data-status', 'wrong');
  await look.at('migration-plan');
  expect(await lab.nodes()).toEqual([]);

  await page.getByTestId('migration-start').click();
  await expect(page.getByTestId('migration')).toHaveAttribute('data-status', 'failed');
  await expect(page.getByTestId('migration-verdict')).toHaveText('1 node could not come over.');
  await expect(line('web-server')).toHaveAttribute('data-status', 'done');
  await look.at('migration-over');
  await page.getByTestId('migration-discard').click();
  await expect(page.getByTestId('migration')).toHaveCount(0);
  await page.getByTestId('nav-nodes').click();
  await expect(row(page, 'web-server', 'stopped')).toBeVisible();
  expect((await lab.node('db')).id).toBe(ids[1]);

  await lab.rpc('Delete', ids[0], true);
  await page.getByTestId('nav-settings').click();
  await page.getByTestId('migration-plan').click();
  await expect(line('db')).toHaveAttribute('data-status', 'here');
});
