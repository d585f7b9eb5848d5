import type { Page } from '@playwright/test';
import type { Host, Node } from '../src/lib/lab';
import { display } from './console';
import { anew, choose, expect, open, row, test } from './fixtures';
import { Looker } from './look';
import { place } from './place';

test.describe.configure({ timeout: 180_000 });

let web: Node;

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  await lab.create(['db-primary', 'scratch', 'web-2', 'a-build-agent-with-quite-a-long-name-for-a-node']);
  [web] = (await lab.boot('web-1')) as [Node];
});

const press = (page: Page, id: string) => page.getByTestId(id).first().click();
const go = (page: Page, hash: string) => page.evaluate((it) => (location.hash = it), hash);
const leave = (page: Page, id: string) =>
  press(page, `${id}-cancel`).then(() => expect(page.getByTestId(`${id}-dialog`)).toHaveCount(0));

test('the nodes', async ({ page }) => {
  await open(page);
  await expect(page.getByTestId('tcg-note')).toBeVisible();
  const look = await Looker.of(page);
  await look.at('tcg-note');
  await press(page, 'tcg-note-dismiss');
  await expect(row(page, 'web-1').getByTestId('node-thumbnail').locator('img')).toBeVisible();
  await look.at('nodes', { main: true });
  await row(page, 'web-1').getByTestId('node-menu').click();
  await look.at('menu');
  await page.keyboard.press('Escape');
  await press(page, 'select-all');
  await look.at('selected');
  await press(page, 'select-none');
  await page.getByTestId('search').fill('nothing like it');
  await expect(page.getByTestId('no-match')).toBeVisible();
  await look.at('no-match');
  await page.getByTestId('search').fill('');
  await go(page, '#/nodes?view=table');
  await look.at('table');
  await go(page, '#/nodes?view=cards&group=state');
  await expect(page.getByTestId('group').first()).toBeVisible();
  await look.at('groups');
});

test('what is asked of nodes', async ({ page, lab }) => {
  await open(page);
  const look = await Looker.of(page);
  await page.keyboard.press('Control+k');
  await page.getByTestId('palette-input').fill('wipe');
  await look.at('palette');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await look.at('shortcuts');
  await page.keyboard.press('Escape');
  await press(page, 'create-open');
  await page.getByTestId('create-name').fill('lab-{1..5}');
  await look.at('create', { main: true });
  const { memoryMiB } = await lab.rpc<Host>('Host');
  await page.getByTestId('create-memory').fill(`${Math.floor(memoryMiB / 2)}`);
  await expect(page.getByTestId('warning')).toContainText('more than the host’s');
  await look.at('create-warning');
  await leave(page, 'create');
  await choose(page, 'web-1', 'forceOff');
  await look.at('force-off');
  await leave(page, 'forceOff');
  await choose(page, 'web-1', 'clone');
  await look.at('clone');
  await leave(page, 'clone');
});

test('what comes of it', async ({ page }) => {
  await open(page);
  const look = await Looker.of(page);
  await row(page, 'web-2').getByTestId('node-wipe').click();
  await page.getByTestId('undo-toast').hover(); // it stays for who points at it
  await look.at('undo');
  await press(page, 'toast-close');
  for (const name of ['db-primary', 'scratch', 'web-2'])
    await row(page, name).getByTestId('node-select').check();
  let asked = 0;
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/rpc/Wipe', async (route) => {
    if (asked++) await released;
    await route.continue();
  });
  await press(page, 'bulk-wipe');
  await expect(page.locator('[data-testid=job-row][data-status=done]')).toHaveCount(1);
  await look.at('jobs');
  release();
  await expect(page.getByTestId('undo-toast')).toContainText('Wiped 3 nodes');
  await choose(page, 'scratch', 'delete');
  await press(page, 'nav-activity');
  await expect(page.getByTestId('deleted-row')).toBeVisible();
  await look.at('activity');
  await press(page, 'restore');
});

test('the details', async ({ page, lab }) => {
  await lab.rpc('Set', web.id, { notes: '# Web\n\nAnswers on **port 80**.\n\n- nginx\n- `curl -I web-1`' });
  await open(page, `#/nodes/${web.id}`);
  await expect(page.getByTestId('rate').first()).toContainText('%');
  const look = await Looker.of(page);
  await look.at('details', { main: true });
  for (const tab of ['console', 'resources', 'notes', 'history']) {
    await press(page, `tab-${tab}`);
    await look.at(`details-${tab}`);
  }
});

test('the consoles', async ({ page }) => {
  await open(page, `#/console/${web.id}`);
  await expect(display(page, 'web-1')).toBeVisible();
  const look = await Looker.of(page);
  await look.at('console', { main: true });
  await press(page, 'console-keys');
  await look.at('console-keys');
  await page.keyboard.press('Escape');
  await press(page, 'device-serial');
  await expect(page.locator('[data-testid=serial][data-state=connected]')).toBeVisible();
  await look.at('serial');
  await press(page, 'device-display');
  await expect(display(page, 'web-1')).toBeVisible();
  await go(page, '#/nodes');
  await row(page, 'db-primary').getByTestId('node-console').click();
  await press(page, 'layout-2');
  await look.at('split-2', { main: true });
  await press(page, 'layout-4');
  await look.at('split-4');
});

test('the other screens', async ({ page, lab }) => {
  await open(page, '#/images');
  await expect(page.getByTestId('image-row')).toBeVisible();
  const look = await Looker.of(page);
  await look.at('images');
  await press(page, 'image-remove');
  await look.at('remove-image');
  await leave(page, 'remove-image');
  await lab.rpc('ChangeImage', 'tiny', { cloudInit: true, user: 'root', memoryMiB: 96 });
  await press(page, 'image-open');
  await look.at('image-details');
  await press(page, 'image-details-node');
  await page.getByTestId('create-firstboot').locator('summary').click();
  await look.at('create-first-boot');
  await leave(page, 'create');
  await lab.rpc('ChangeImage', 'tiny', {});
  await press(page, 'image-details-close');
  await press(page, 'images-show-catalogue');
  await expect(page.getByTestId('entry').first()).toBeVisible();
  await look.at('catalogue', { main: true });
  await press(page, 'nav-health');
  await page.getByTestId('host').waitFor();
  await look.at('health');
  await press(page, 'nav-settings');
  await page.getByTestId('gateway-mode-external').check();
  await look.at('settings', { main: true });
});

test('the first run', ({ browser }) =>
  anew(browser, 'gallery', async (page) => {
    await expect(page.getByTestId('no-images')).toBeVisible();
    const look = await Looker.of(page);
    await look.at('first-run');
    await press(page, 'nav-images');
    await look.at('no-images');
    await press(page, 'image-add');
    await page.getByTestId('image-path').fill(place.image);
    await look.at('add-image');
    await press(page, 'image-submit');
    await press(page, 'nav-nodes');
    await expect(page.getByTestId('no-nodes').locator('[data-name=image]')).toHaveAttribute(
      'data-done',
      'true',
    );
    await look.at('no-nodes');
  }));

test('a lost libvirt', async ({ page, lab, tolerated }) => {
  tolerated.push(/Failed to load resource/);
  await open(page);
  await expect(row(page, 'web-1', 'running')).toBeVisible();
  const look = await Looker.of(page);
  const back = await lab.loseLibvirt();
  try {
    await expect(page.getByTestId('lost-time')).toBeVisible();
    await look.at('lost');
  } finally {
    await back();
  }
  await expect(page.getByTestId('lost-banner')).toHaveCount(0, { timeout: 60_000 });
});
