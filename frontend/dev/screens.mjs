// Every screen and state there is, for who looks at them (shots) and who measures them (axe).

import { chromium } from 'playwright-core';
import { createServer } from 'vite';

const open = (page, id) => page.getByTestId(id).first().click();
const row = (page, name) => page.locator(`[data-testid=node-row][data-name="${name}"]`);
const menu = async (page, name, item) => {
  await row(page, name).getByTestId('node-menu').click();
  if (item) await open(page, `menu-${item}`);
};

const firstNode = '00000000-0000-4000-8000-000000000001';
const gatewayCard = (page) => page.getByTestId('gateway-card').scrollIntoViewIfNeeded();
const health = async (page) => {
  await page.getByTestId('host').waitFor();
  await page.waitForTimeout(200);
  await gatewayCard(page);
};
const external = async (page, url) => {
  await page.getByTestId('gateway-mode-external').check();
  await page.getByTestId('gateway-url').fill(url);
  await page.getByTestId('gateway-dsn').fill('postgres://sandboxlabs:secret@guac.example.org:5432/guacamole');
};
const tested = async (page, url) => {
  await external(page, url);
  await open(page, 'gateway-test');
  await page.getByTestId('gateway-step').first().waitFor();
  await page.getByTestId('gateway-save').scrollIntoViewIfNeeded();
};
const split = async (page) => {
  for (const n of [2, 5, 6, 1])
    await page.evaluate((it) => (location.hash = it), `#/console/${firstNode.replace(/1$/, n)}`);
  await open(page, 'layout-4');
  await page.waitForTimeout(600);
};
const transport = (page) => open(page, 'console-transport');

/** Each screen and state: its address, and what is done before it. */
export const screens = {
  nodes: ['', null],
  'nodes-menu': ['', (page) => menu(page, 'web-1')],
  'nodes-selected': [
    '',
    async (page) => {
      for (const name of ['web-1', 'db-primary', 'scratch'])
        await row(page, name).getByTestId('node-select').check();
    },
  ],
  'nodes-bulk': [
    '',
    async (page) => {
      for (const name of ['web-1', 'db-primary', 'scratch'])
        await row(page, name).getByTestId('node-select').check();
      await open(page, 'bulk-wipe');
      await page.getByTestId('jobs-undo').waitFor();
    },
  ],
  'nodes-wiped': [
    '',
    async (page) => {
      await row(page, 'web-1').getByTestId('node-wipe').click();
      await page.getByTestId('undo-toast').waitFor();
    },
  ],
  'nodes-bulk-running': [
    '?nodes=40',
    async (page) => {
      await open(page, 'select-all');
      await open(page, 'bulk-start');
      await page.waitForTimeout(1600);
    },
  ],
  palette: [
    '',
    async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByTestId('palette-input').fill('wipe');
    },
  ],
  shortcuts: ['', (page) => page.keyboard.press('?')],
  activity: [
    '',
    async (page) => {
      for (const name of ['web-1', 'db-primary']) await row(page, name).getByTestId('node-wipe').click();
      await menu(page, 'scratch', 'delete');
      await page.keyboard.press('g');
      await page.keyboard.press('a');
      await page.getByTestId('deleted-row').waitFor();
    },
  ],
  'activity-bulk': [
    '',
    async (page) => {
      for (const [names, over] of [
        [['web-1', 'scratch', 'edge-router'], 'undo-toast'],
        [['scratch', 'db-primary'], 'jobs-undo'],
      ]) {
        for (const name of names) await row(page, name).getByTestId('node-select').check();
        await open(page, 'bulk-wipe');
        await page.getByTestId(over).waitFor();
      }
      await open(page, 'jobs-close');
      await open(page, 'nav-activity');
      await page.getByTestId('activity-nodes').last().locator('summary').click();
    },
  ],
  'force-off': ['', (page) => menu(page, 'web-1', 'forceOff')],
  'nodes-problem': ['', (page) => open(page, 'node-problem')],
  'nodes-many': ['?nodes=200', null],
  'nodes-no-match': ['', (page) => page.getByTestId('search').fill('nothing')],
  'nodes-empty': ['?nodes=0', null],
  'nodes-no-image': ['?images=0', null],
  'nodes-lost': ['?lost', null],
  'nodes-offline': ['?gone', null],
  'nodes-denied': ['?gone&denied', (page) => page.getByTestId('remedy').waitFor()],
  'nodes-loading': ['?silent', (page) => page.waitForTimeout(400)],
  'nodes-no-session': ['?broken', null],
  create: ['', (page) => open(page, 'create-open')],
  'create-several': [
    '',
    async (page) => {
      await open(page, 'create-open');
      await page.getByTestId('create-name').fill('web-{11..15}');
      await page.getByTestId('create-memory').fill('4096');
    },
  ],
  'create-left': [
    '',
    async (page) => {
      await open(page, 'create-open');
      await page.getByTestId('create-name').fill('{app,boom,cache}');
      await page.keyboard.press('Enter');
      await page.getByTestId('problem').waitFor();
    },
  ],
  'create-taken': [
    '',
    async (page) => {
      await open(page, 'create-open');
      await page.getByTestId('create-name').fill('web-1');
      await page.getByTestId('create-memory').fill('7');
    },
  ],
  'create-problem': [
    '',
    async (page) => {
      await open(page, 'create-open');
      await page.getByTestId('create-name').fill('boom');
      await page.keyboard.press('Enter');
      await page.getByTestId('problem').waitFor();
    },
  ],
  rename: ['', (page) => menu(page, 'scratch', 'rename')],
  'rename-taken': [
    '',
    async (page) => {
      await menu(page, 'scratch', 'rename');
      await page.getByTestId('rename-name').fill('web-1');
    },
  ],
  'nodes-table': ['#/nodes?view=table', null],
  'nodes-table-grouped': ['#/nodes?view=table&group=state', null],
  'nodes-grouped': ['?nodes=40#/nodes?group=image', null],
  'nodes-filtered': ['#/nodes?state=running,stopped&q=web', null],
  details: [`#/nodes/${firstNode}`, (page) => page.waitForTimeout(4_500)],
  'details-xml': [
    `#/nodes/${firstNode}`,
    async (page) => {
      await page.getByTestId('virsh').locator('summary').click();
      await page.getByTestId('xml-fold').locator('summary').click();
      await page.getByTestId('xml').scrollIntoViewIfNeeded();
    },
  ],
  'details-console': [`#/nodes/${firstNode}/console`, null],
  'details-resources': [
    `#/nodes/${firstNode}/resources`,
    (page) => page.getByTestId('resources-memory').fill('16384'),
  ],
  'details-notes': [`#/nodes/${firstNode}/notes`, null],
  'details-notes-long': [
    `#/nodes/${firstNode}/notes`,
    async (page) => {
      await open(page, 'notes-edit');
      await page.getByTestId('notes-text').fill('A line of notes.\n'.repeat(500));
    },
  ],
  'details-history': [`#/nodes/${firstNode}/history`, (page) => page.getByTestId('moment').first().waitFor()],
  'details-problem': ['#/nodes/00000000-0000-4000-8000-000000000007', null],
  clone: ['', (page) => menu(page, 'web-1', 'clone')],
  forget: ['', (page) => menu(page, 'lost-one', 'forget')],
  images: ['#/images', null],
  'images-empty': ['?images=0#/images', null],
  'images-refused': ['#/images', (page) => open(page, 'image-remove')],
  'images-add': ['?window#/images', (page) => open(page, 'image-add')],
  health: ['#/health', (page) => page.getByTestId('host').waitFor()],
  'nodes-gateway': ['?gateway=ready', null],
  'nodes-registering': ['?gateway=starting', null],
  'health-gateway-off': ['#/health', health],
  'health-gateway-starting': ['?gateway=starting#/health', health],
  'health-gateway-ready': ['?gateway=ready#/health', health],
  'health-gateway-external': ['?gateway=external#/health', health],
  'health-gateway-failed': ['?gateway=failed#/health', health],
  'health-gateway-log': [
    '?gateway=ready#/health',
    async (page) => {
      await health(page);
      await open(page, 'gateway-log');
      await page.getByTestId('gateway-log-text').scrollIntoViewIfNeeded();
    },
  ],
  settings: ['#/settings', (page) => page.getByTestId('gateway-mode').waitFor()],
  'settings-all': [
    '?window#/settings',
    async (page) => {
      const setting = (key) => page.locator(`[data-testid=setting][data-name="${key}"]`);
      await setting('pool.path').getByTestId('setting-value').fill('srv');
      await setting('pool.path').getByTestId('setting-value').press('Tab');
      await setting('bulk.limit').getByTestId('setting-value').fill('8');
      await setting('bulk.limit').getByTestId('setting-value').press('Tab');
      await setting('emulation').getByTestId('setting-value').selectOption('tcg');
      await page.locator('[data-testid=folder][data-known=false]').first().waitFor({ state: 'detached' });
      await page.getByTestId('settings').evaluate((it) => it.scrollTo(0, 0));
    },
  ],
  'settings-middle': [
    '?window#/settings',
    (page) => page.getByTestId('settings').evaluate((it) => it.scrollTo(0, 700)),
  ],
  'settings-end': ['?window#/settings', (page) => page.getByTestId('folders').scrollIntoViewIfNeeded()],
  'settings-stack': [
    '#/settings',
    async (page) => {
      await page.getByTestId('gateway-mode-stack').check();
      await page.getByTestId('gateway-web-port').fill('80800');
    },
  ],
  'settings-external': ['?gateway=external#/settings', (page) => page.getByTestId('gateway-url').waitFor()],
  'settings-external-new': ['#/settings', (page) => page.getByTestId('gateway-mode-external').check()],
  'settings-testing': [
    '#/settings',
    async (page) => {
      await external(page, 'https://guac.example.org/guacamole');
      await open(page, 'gateway-test');
    },
  ],
  'settings-test-failed': ['#/settings', (page) => tested(page, 'https://wrong.example.org/guacamole')],
  'settings-test-ok': ['#/settings', (page) => tested(page, 'https://guac.example.org/guacamole')],
  'settings-problem': [
    '#/settings',
    async (page) => {
      await external(page, 'https://guac.example.org/guacamole');
      await page.getByTestId('gateway-display-host').fill('boom');
      await open(page, 'gateway-save');
      await page.getByTestId('problem').waitFor();
      await page.getByTestId('gateway-save').scrollIntoViewIfNeeded();
    },
  ],
  'console-settings': ['?gateway=ready', (page) => menu(page, 'web-1', 'consoleSettings')],
  'console-settings-problem': [
    '?gateway=ready',
    async (page) => {
      await menu(page, 'web-1', 'consoleSettings');
      await page.getByTestId('console-settings-recording').fill('boom');
      await open(page, 'console-settings-submit');
      await page.getByTestId('problem').waitFor();
    },
  ],
  'console-transport': [`?gateway=ready#/console/${firstNode}`, transport],
  'console-transport-off': [`#/console/${firstNode}`, transport],
  'console-link': [
    `?gateway=ready#/console/${firstNode}`,
    async (page) => {
      await transport(page);
      await open(page, 'console-copy-link');
      await page.getByTestId('toast').waitFor();
    },
  ],
  'console-off': ['#/console/00000000-0000-4000-8000-000000000006', null],
  'console-split': ['', split],
  'console-split-tools': [
    '',
    async (page) => {
      await split(page);
      for (const tools of await page.getByTestId('console-tools').all())
        if (await tools.isVisible()) await tools.click();
    },
  ],
  'console-tabs': [
    '',
    async (page) => {
      for (const name of ['web-2', 'db-primary', 'web-1']) {
        await open(page, 'nav-nodes');
        await row(page, name).getByTestId('node-console').click();
      }
      await page.waitForTimeout(600);
    },
  ],
};

const port = Number(process.env.PORT ?? 5199);

/** Serves the page and gives the browser; `close` ends both. The size of text is in percent. */
export async function stage(text = 100) {
  const server = await createServer({ server: { port, strictPort: true }, logLevel: 'warn' });
  await server.listen();
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', `--blink-settings=defaultFontSize=${(16 * text) / 100}`],
  });
  const close = async () => {
    await browser.close();
    await server.close();
  };
  return { browser, close };
}

/** Brings the page to a screen, and to rest. What an earlier one left to be remembered, as a filter, is forgotten. */
export async function enter(context, name) {
  const [address, act] = screens[name];
  const page = await context.newPage();
  await page.addInitScript(() => globalThis.localStorage.clear());
  page.on('pageerror', (error) => process.stderr.write(`${name}: ${error}\n`));
  await page.goto(`http://localhost:${port}/${address}`);
  await page.getByTestId('link').waitFor();
  await act?.(page);
  await page.waitForTimeout(250);
  return page;
}
