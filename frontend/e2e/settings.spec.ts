// The page of settings: what is changed there is in the file, holds at once or says when, and what
// is changed elsewhere is seen.

import type { Locator, Page } from '@playwright/test';
import type { lab } from '../wailsjs/go/models';
import { expect, open, test } from './fixtures';
import { place, run } from './place';

const file = `${place.dir}/config/sandboxlabs/config.toml`;

/** What each setting is given, and how the file then has it. */
const wishes: Record<string, [value: string, line: string]> = {
  'node.vcpus': ['2', 'vcpus = 2'],
  'node.memory_mib': ['256', 'memory_mib = 256'],
  'first_boot.user': ['ada', 'user = "ada"'],
  'first_boot.ssh_keys': ['auto\n~/.ssh/lab.pub', 'ssh_keys = ["auto", "~/.ssh/lab.pub"]'],
  'node.stop_seconds': ['7', 'stop_seconds = 7'],
  'bulk.limit': ['9', 'limit = 9'],
  emulation: ['tcg', 'emulation = "tcg"'],
  'console.transport': ['direct', 'transport = "direct"'],
  'undo.hours': ['48', 'hours = 48'],
  'undo.gib': ['20', 'gib = 20'],
  'desktop.close': ['ask', 'close = "ask"'],
  'desktop.tray': ['false', 'tray = false'],
  'desktop.language': ['en', 'language = "en"'],
  'desktop.scheme': ['light', 'scheme = "light"'],
  'desktop.notices': ['stopped\nimages\nwipes', 'notices = ["stopped", "images", "wipes"]'],
  connect: ['qemu:///system', 'connect = "qemu:///system"'],
  'pool.name': ['lab', 'name = "lab"'],
  'pool.path': ['/srv/lab', 'path = "/srv/lab"'],
  'serve.listen': ['127.0.0.1:4001', 'listen = "127.0.0.1:4001"'],
  log_level: ['debug', 'log_level = "debug"'],
};
const atStart = ['emulation', 'pool.name', 'pool.path', 'serve.listen'];

const row = (page: Page, key: string) => page.locator(`[data-testid=setting][data-name="${key}"]`);
const control = (page: Page, key: string) => row(page, key).getByTestId('setting-value');
const content = () => run('cat', file);
const cli = (...args: string[]) => run(place.program, 'settings', ...args);
/** Puts a file in the place of the one there is, as an editor does. */
const write = (text: string) =>
  run('sh', '-c', 'printf "%s\\n" "$2" >"$1.new" && mv "$1.new" "$1"', 'sh', file, text);

let before = '';

test.beforeEach(async ({ lab, page }) => {
  before ||= await content();
  await write(before);
  await expect.poll(async () => (await settings(lab)).filter(({ value, was }) => value !== was)).toEqual([]);
  await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: 'dark' });
});

test.afterAll(() => write(before));

/** Each setting, with what it was before. The pool is the place's own. */
async function settings(lab: { rpc: <T>(verb: string) => Promise<T> }) {
  const { items } = await lab.rpc<lab.Settings>('Settings');
  return items.map(({ key, value, default: preset }) => ({
    key,
    value,
    was: key.startsWith('pool.') ? value : preset,
  }));
}

/** Gives a setting its wish by whatever its control is, with the mouse. */
async function give(page: Page, key: string, value: string): Promise<void> {
  const it = control(page, key);
  const kind = await it.evaluate((el) => (el.role === 'switch' ? 'SWITCH' : el.tagName));
  if (kind === 'SELECT') await it.selectOption(value);
  else if (kind === 'SWITCH') await it.click();
  else if (kind === 'FIELDSET') await row(page, key).locator('[data-name=disk]').uncheck();
  else {
    await it.click();
    await it.fill(value);
    await page.getByRole('heading', { level: 1 }).click();
  }
}

const shown = (it: Locator) =>
  it.evaluate((el: HTMLInputElement) => {
    if (el.role === 'switch') return el.ariaChecked;
    if (el.tagName !== 'FIELDSET') return el.value;
    return [...el.querySelectorAll<HTMLInputElement>('input:checked')]
      .map((box) => box.dataset.name)
      .join('\n');
  });

/** Waits until a control shows a value; a page that begins anew meanwhile is asked again. */
const expectShown = (page: Page, key: string, value: string | undefined) =>
  expect(async () => expect(await shown(control(page, key)), key).toBe(value)).toPass({ timeout: 10_000 });

test('each setting is changed with the mouse, written to the file, holds or says when, and is reset', async ({
  page,
  lab,
}) => {
  expect((await settings(lab)).map(({ key }) => key).sort()).toEqual(Object.keys(wishes).sort());
  await open(page, '#/settings');
  for (const [key, [value, line]] of Object.entries(wishes)) {
    const [was] = (await settings(lab)).filter((it) => it.key === key);
    await expect(control(page, key)).toBeVisible();
    await give(page, key, value);
    await expect.poll(content, { message: key }).toContain(line);
    await expectShown(page, key, value);
    const note = row(page, key).getByTestId('setting-note');
    if (atStart.includes(key)) await expect(note).toContainText('Takes effect at the next start. Until then');
    else if (key === 'connect') await expect(note).toHaveText('SANDBOXLABS_CONNECT decides this now.');
    else await expect(note).toHaveCount(0);
    if (atStart.includes(key))
      await expect(page.getByTestId('restart-note')).toContainText('serve is started again');
    if (key === 'desktop.language') await expect(page.getByTestId('link')).toBeVisible(); // the page began anew
    if (key === 'desktop.scheme') await expect(page.locator('html')).toHaveAttribute('data-scheme', 'light');
    if (key.startsWith('pool.')) await write(before);
    else await row(page, key).getByTestId('setting-reset').click();
    await expectShown(page, key, was?.value);
    await expect.poll(content, { message: key }).not.toContain(line);
    await expect(page.getByTestId('restart-note')).toHaveCount(0);
  }
});

test('the keyboard comes to each setting and changes it', async ({ page }) => {
  await open(page, '#/settings');
  await page.getByTestId('search').focus();
  const told = new Map<string, () => Promise<void>>([
    ['node.vcpus', () => page.keyboard.type('3')],
    ['bulk.limit', () => page.keyboard.press('ArrowUp')],
    ['console.transport', () => page.keyboard.press('ArrowDown')],
    ['desktop.tray', () => page.keyboard.press('Space')],
    ['desktop.notices', () => page.keyboard.press('Space')],
    ['first_boot.ssh_keys', () => page.keyboard.type('auto')],
  ]);
  const reached: string[] = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(() => ({
      key: document.activeElement?.closest<HTMLElement>('[data-testid=setting]')?.dataset.name ?? '',
      id: document.activeElement?.getAttribute('data-testid') ?? '',
    }));
    if (now.id === 'log-copy') break; // the last before the folders
    reached.push(now.key || now.id);
    if (!now.key || now.id === 'setting-reset') continue;
    const change = told.get(now.key);
    told.delete(now.key);
    await change?.();
  }
  for (const key of [...Object.keys(wishes), 'autostart']) expect(reached).toContain(key);
  expect(reached.filter((id) => id.startsWith('gateway-')).length).toBeGreaterThan(0);
  for (const line of [
    'vcpus = 3',
    'limit = 5',
    'transport = "direct"',
    'tray = false',
    'ssh_keys = ["auto"]',
  ])
    await expect.poll(content).toContain(line);
  await expect.poll(content).toContain('notices = ["images", "wipes", "disk"]');
});

test('a wrong value says why, and changes nothing', async ({ page, tolerated }) => {
  tolerated.push(/status of 400 .*rpc\/ChangeSettings/);
  await open(page, '#/settings');
  const unchanged = await content();
  for (const [key, value, why] of [
    ['node.vcpus', '256', 'Choose 1 to 255.'],
    ['node.vcpus', '', 'Choose 1 to 255.'],
    ['undo.gib', '1.5', 'Choose 1 to 1048576.'],
    ['first_boot.user', 'Ada Lovelace', '"Ada Lovelace" is not the name of an account'],
    [
      'first_boot.ssh_keys',
      'auto\n/etc/shadow',
      '"/etc/shadow" is not auto, a file that ends in .pub, or a key',
    ],
    ['pool.path', 'lab', '"lab" is not an absolute path'],
    ['pool.name', 'my lab', 'is not a name of letters'],
    ['serve.listen', '0.0.0.0:80', 'is not a loopback address'],
  ] as const) {
    const was = await control(page, key).inputValue();
    await control(page, key).fill(value);
    await control(page, key).press('Tab');
    await expect(row(page, key).getByTestId('fault'), `${key} ${value}`).toContainText(why);
    await expect(control(page, key)).toHaveAttribute('aria-invalid', 'true');
    expect(await content()).toBe(unchanged);
    await control(page, key).press('Escape');
    await expect(control(page, key)).toHaveValue(was);
    await expect(row(page, key).getByTestId('fault')).toBeEmpty();
  }
  await control(page, 'connect').selectOption('other');
  const other = row(page, 'connect').getByTestId('setting-other');
  await other.fill('nonsense');
  await other.press('Enter');
  await expect(row(page, 'connect').getByTestId('fault')).toContainText('is not a libvirt URI');
  expect(await content()).toBe(unchanged);
});

test('what the command line or an editor changes is there at once, on every page', async ({
  page,
  context,
  lab,
  tolerated,
}) => {
  // What other tests chose, and what their nodes have, would go before.
  await lab.rpc('Prefer', { 'create.hardware': '' });
  await lab.clear();
  tolerated.push(/status of 400 .*rpc\/Settings/); // while a person has written nonsense
  await open(page, '#/settings');
  const second = await context.newPage();
  await second.emulateMedia({ colorScheme: 'dark' });
  await open(second, '#/settings');
  await cli('set', 'undo.hours', '5');
  await cli('set', 'desktop.notices', 'disk');
  for (const it of [page, second]) {
    await expect(control(it, 'undo.hours')).toHaveValue('5');
    await expect.poll(() => shown(control(it, 'desktop.notices'))).toBe('disk');
  }
  await control(page, 'node.vcpus').fill('4'); // while it is typed
  await cli('set', 'bulk.limit', '7');
  await expect(control(page, 'bulk.limit')).toHaveValue('7');
  await expect(control(page, 'node.vcpus')).toHaveValue('4');
  await control(page, 'node.vcpus').press('Enter');
  await expect(control(second, 'node.vcpus')).toHaveValue('4');
  await second.goto('/#/nodes');
  await second.getByTestId('create-open').first().click();
  await expect(second.getByTestId('create-vcpus')).toHaveValue('4'); // it holds for other screens too
  await control(page, 'desktop.scheme').selectOption('light');
  await expect(second.locator('html')).toHaveAttribute('data-scheme', 'light');
  await cli('reset', 'desktop.scheme');
  await expect(page.locator('html')).toHaveAttribute('data-scheme', 'dark');

  await write(`${before}\n[undo]\nhours = "many"`);
  await expect(page.getByTestId('problem')).toContainText('config.toml, line');
  await expect(page.getByTestId('setting')).toHaveCount(1); // of the log
  await write(before);
  await expect(page.getByTestId('problem')).toHaveCount(0);
  await expect(control(page, 'undo.hours')).toHaveValue('24');
});

test('the colours that are chosen hold, whatever those of the desktop are', async ({ page }) => {
  await open(page, '#/settings');
  const colours = () =>
    page.evaluate(() => {
      const of = (it: Element) => getComputedStyle(it).backgroundColor;
      return [of(document.body), getComputedStyle(document.documentElement).colorScheme].join(' ');
    });
  const [dark, light] = ['rgb(14, 16, 19) dark', 'rgb(244, 245, 247) light'];
  for (const [chosen, desktop, want] of [
    ['light', 'dark', light],
    ['light', 'light', light],
    ['dark', 'light', dark],
    ['auto', 'light', light],
    ['auto', 'dark', dark],
  ] as const) {
    await page.emulateMedia({ colorScheme: desktop });
    await control(page, 'desktop.scheme').selectOption(chosen);
    await expect.poll(colours, { message: `${chosen} on ${desktop}` }).toBe(want);
  }
  await control(page, 'desktop.scheme').selectOption('light');
  await expect.poll(colours).toBe(light);
  await page.reload();
  await expect(control(page, 'desktop.scheme')).toHaveValue('light');
  expect(await colours()).toBe(light);
  await page.screenshot({ path: '../build/out/screenshots/settings/light-on-dark.png' });
  await page.emulateMedia({ contrast: 'more' });
  await expect.poll(colours).toBe('rgb(255, 255, 255) light');
});

test('what is seen before the script is read stays where it is, in the same colours', async ({ page }) => {
  /** Where the frame of index.html has what, and how that looks. */
  const frame = () =>
    page.evaluate(() => {
      const of = (it: Element) => {
        const { x, y, width } = it.getBoundingClientRect(); // the sidebar grows to what is in it
        const { backgroundColor, color, fontSize, fontWeight } = getComputedStyle(it);
        return { x, y, width, backgroundColor, color, fontSize, fontWeight };
      };
      const parts = ['body', '.sidebar', '.brand', '.logo', '.brand span'];
      return Object.fromEntries(parts.map((it) => [it, [...document.querySelectorAll(it)].map(of)]));
    });
  for (const [chosen, desktop, width] of [
    ['light', 'dark', 1280],
    ['dark', 'light', 900],
    ['auto', 'light', 640],
    ['auto', 'dark', 1280],
  ] as const) {
    await page.setViewportSize({ width, height: 600 });
    await page.emulateMedia({ colorScheme: desktop });
    await cli('set', 'desktop.scheme', chosen);
    const told = async () => /data-scheme="(.*?)"/.exec(await (await page.request.get('/')).text())?.[1];
    await expect.poll(told).toBe(chosen === 'auto' ? undefined : chosen);
    let goOn = () => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    await page.route('**/assets/App-*.js', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto('about:blank'); // from there it is read anew
    await page.goto('/');
    await expect(page.locator('.logo')).toBeVisible();
    await expect(page.getByTestId('link')).toHaveCount(0);
    const before = await frame();
    expect(Object.values(before).map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
    goOn();
    await expect(page.getByTestId('link')).toHaveCount(1);
    expect(await frame(), `${chosen} on ${desktop}, ${width}`).toEqual(before);
    await page.unrouteAll();
  }
});

test('the gateway is set as a whole, and says what is wrong with it', async ({ page, lab }) => {
  await open(page, '#/settings');
  await page
    .getByTestId('gateway-mode-off')
    .getByRole('radio')
    .or(page.getByTestId('gateway-mode-off'))
    .first()
    .focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByTestId('gateway-mode')).toHaveAttribute('data-mode', 'external');
  const unchanged = await content();
  await page.getByTestId('gateway-url').fill('guac');
  await expect(page.getByTestId('gateway-save')).toHaveAttribute('aria-disabled', 'true');
  await expect(page.getByTestId('gateway-save')).toHaveAccessibleDescription(/address/);
  expect(await content()).toBe(unchanged);
  await page.getByTestId('gateway-discard').click();
  await expect(page.getByTestId('gateway-mode')).toHaveAttribute('data-mode', 'off');
  await lab.rpc('SetGateway', {
    ...(await lab.rpc<lab.GatewayReport>('Gateway')).settings,
    displayHost: '127.0.0.1',
  });
  await page.getByTestId('gateway-mode-external').click();
  await expect(page.getByTestId('gateway-display-host')).toHaveValue('127.0.0.1'); // as it is elsewhere
});

test('it starts with the session once that is switched on', async ({ page }) => {
  const entry = `${place.dir}/config/autostart/local.sandboxlabs.SandBoxLabs.desktop`;
  await open(page, '#/settings');
  await control(page, 'autostart').click();
  await expect(control(page, 'autostart')).toHaveAttribute('aria-checked', 'true');
  expect(await run('cat', entry)).toContain('--hidden');
  await control(page, 'autostart').press('Space');
  await expect(control(page, 'autostart')).toHaveAttribute('aria-checked', 'false');
  await expect(run('cat', entry)).rejects.toThrow();
});

test('settings are found by their words, and folders and log are there', async ({ page }) => {
  await open(page, '#/settings');
  const keys = () =>
    page.getByTestId('setting').evaluateAll((all: HTMLElement[]) => all.map((it) => it.dataset.name));
  for (const [words, found] of [
    ['wiped deleted', ['undo.hours']],
    ['ssh', ['first_boot.ssh_keys']],
    ['when you log in', ['autostart']],
    ['vcpus', ['node.vcpus']],
  ] as const) {
    await page.getByTestId('search').fill(words);
    await expect.poll(keys, { message: words }).toEqual(found);
  }
  await page.getByTestId('search').fill('teapot');
  await expect(page.getByTestId('no-setting')).toBeVisible();
  await page.getByTestId('search').fill('');
  await expect(page.getByTestId('settings-file')).toHaveText(file);
  await expect(page.getByTestId('folder').last()).toContainText(`${place.dir}/cache/sandboxlabs`);
  for (const it of await page.getByTestId('folder').all())
    await expect(it).toHaveAttribute('data-known', 'true');
  await expect(page.getByTestId('folder-open')).toHaveCount(0); // a browser can not
  await page.getByTestId('log-copy').click();
  await expect(page.getByTestId('toast')).toContainText('log');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('level=');
});
