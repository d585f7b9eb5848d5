import type { Page } from '@playwright/test';
import type { Node } from '../src/lib/lab';
import { expect, open, test } from './fixtures';
import { run, virsh } from './place';

let node: Node;

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  [node] = (await lab.boot('web-1')) as [Node];
});

const detail = (page: Page, tab = 'overview') => open(page, `#/nodes/${node.id}/${tab}`);
const fact = (page: Page, text: string) => page.getByTestId('fact').filter({ hasText: text });

test('the facts are those of virsh', async ({ page }) => {
  await detail(page);
  await expect(page.getByTestId('details')).toHaveAttribute('data-name', 'web-1');
  await expect(fact(page, await virsh('domuuid', 'web-1'))).toBeVisible();
  const [, mac = 'none'] = /<mac address='([^']+)'/.exec(await virsh('dumpxml', 'web-1')) ?? [];
  await expect(fact(page, mac)).toBeVisible();
  const [, offset = 'none'] = /:(\d+)$/.exec(await virsh('vncdisplay', 'web-1')) ?? [];
  await expect(fact(page, `${5900 + Number(offset)}`)).toBeVisible();
  await page.getByTestId('xml-copy').click();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(copied).toContain(`<uuid>${node.id}</uuid>`);
  expect(await copied(), 'the password of the display').not.toContain('passwd=');
});

test('the lines of virsh do what they say', async ({ page, lab }) => {
  await detail(page);
  await page.getByTestId('virsh').locator('summary').click();
  const line = (verb: string) => page.locator(`[data-testid=virsh-line][data-verb=${verb}] code`).innerText();
  const does = async (verb: string) => run('sh', '-c', await line(verb));
  expect(await does('vncdisplay')).toBe(await virsh('vncdisplay', 'web-1'));
  expect(await does('dumpxml')).toContain(node.id);
  await does('suspend');
  await lab.state('web-1', 'paused');
  await expect(page.getByTestId('details')).toContainText(/paused/i);
  await does('resume');
  await lab.state('web-1', 'running');
});

test('notes are kept as they are typed, and shown as Markdown', async ({ page, lab }) => {
  await detail(page, 'notes');
  await page.getByTestId('notes-text').fill('# Web\n\n- one\n- **two**\n\n<script>alert(1)</script>');
  await expect(page.getByTestId('notes-state')).toHaveAttribute('data-state', 'saved');
  expect((await lab.node('web-1')).notes).toContain('**two**');
  await page.reload();
  await expect(page.getByTestId('details').getByRole('heading', { name: 'Web', exact: true })).toBeVisible();
  await expect(page.getByTestId('details').locator('strong')).toHaveText('two');
  await expect(page.getByTestId('details').locator('script')).toHaveCount(0);
});

test('resources of a running node change at its next start, as is said', async ({ page, lab }) => {
  await detail(page, 'resources');
  await page.getByTestId('resources-memory').fill('112');
  await page.getByTestId('resources-save').click();
  await expect(page.getByTestId('resources-state')).toContainText('next start');
  await expect
    .poll(() => virsh('dumpxml', '--inactive', 'web-1'))
    .toMatch(/<memory unit='KiB'>114688<\/memory>/);
  expect(await virsh('dumpxml', 'web-1')).toMatch(/<memory unit='KiB'>98304<\/memory>/);
  await lab.state('web-1', 'running');
});

test('F2 in the drawer renames a stopped node and says of a running one why not, Escape closes it', async ({
  page,
  lab,
}) => {
  await detail(page);
  await page.getByTestId('details').focus();
  await page.keyboard.press('F2');
  await expect(page.getByTestId('details-rename')).toBeFocused();
  await expect(page.getByRole('tooltip')).toContainText('The node must be off for this.');
  await virsh('destroy', 'web-1');
  await lab.state('web-1', 'stopped');
  await expect(page.getByTestId('details-rename')).toBeEnabled(); // the page knows it too
  await page.keyboard.press('F2');
  await page.getByTestId('details-name-field').fill('web-9');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('details-name')).toHaveText('web-9');
  expect(await virsh('list', '--all', '--name')).toBe('web-9');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('details')).toHaveCount(0);
});

test('the history tells of what virsh did, and of a failure with its cause', async ({ page, lab }) => {
  await lab.clear();
  [node] = (await lab.create(['web-1'], { start: true })) as [Node];
  await detail(page, 'history');
  const moments = (kind: string) => page.locator(`[data-testid=moment][data-kind=${kind}]`);
  await expect(moments('created')).toHaveCount(1);
  await expect(moments('started')).toHaveCount(1);
  await virsh('destroy', 'web-1');
  await expect(moments('stopped')).toHaveCount(1);
  await virsh('start', 'web-1');
  await expect(moments('started')).toHaveCount(2);
  await virsh('destroy', 'web-1');
  await lab.state('web-1', 'stopped');
  const { overlay } = await lab.node('web-1');
  await run('mv', overlay.path, `${overlay.path}.away`);
  try {
    await expect(lab.rpc('Start', node.id).then(() => lab.state('web-1', 'running'))).rejects.toThrow();
    await expect(moments('failed').first()).toContainText(/disk|file|overlay/i);
  } finally {
    await run('mv', `${overlay.path}.away`, overlay.path);
  }
});
