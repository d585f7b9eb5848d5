import type { BrowserContext, Page } from '@playwright/test';
import { expect, open, row, test, watch } from './fixtures';
import { place, run, virsh } from './place';
import { cookies, rpc, serve, type Session } from './program';

const count = 500;
let program: { session: Session; stop: () => Promise<void> };
let context: BrowserContext;
let page: Page;
let errors: string[];
const tolerated: RegExp[] = [];

const clones = `mkdir -p "$0" && cd "$0" && virsh -q -c ${place.uri} dumpxml m-0 |
sed '/<uuid>/d; /<mac address/d' >m-0.xml
for i in $(seq ${count - 1}); do sed "s/<name>m-0</<name>m-$i</" m-0.xml >m-$i.xml; echo define "$0/m-$i.xml"; done |
virsh -q -c ${place.uri} >/dev/null`;

test.beforeAll(async ({ browser, lab }) => {
  await lab.clear();
  program = await serve('many');
  await rpc(program.session, 'AddImage', { name: 'tiny', path: place.image });
  const first = { name: 'm-0', image: 'tiny', vcpus: 1, memoryMiB: 64, start: false };
  const rest = { stopSeconds: 0, keymap: '', notes: '', guacamole: {} };
  const ready = async () =>
    (await rpc<{ state: string }[]>(program.session, 'Images')).some(({ state }) => state === 'ready');
  await expect.poll(ready).toBe(true);
  await rpc(program.session, 'Create', { ...first, ...rest });
  await run('sh', '-c', clones, `${place.dir}/tmp/clones`);
  context = await browser.newContext({
    baseURL: program.session.origin,
    storageState: cookies(program.session),
  });
  page = await context.newPage();
  errors = watch(page, tolerated);
  await open(page);
  await expect(page.getByTestId('nav-nodes')).toContainText(`${count}`, { timeout: 30_000 });
});

test.afterAll(async () => {
  await context.close();
  await program.stop();
  await run('sh', '-c', `seq 0 ${count - 1} | sed 's/^/undefine m-/' | virsh -q -c ${place.uri}`);
  expect(await virsh('list', '--all', '--name')).toBe('');
});

test.afterEach(() => expect(errors).toEqual([]));

test('500 nodes are scrolled through to the last', async () => {
  await expect(row(page, 'm-0')).toBeVisible();
  await row(page, 'm-0').hover();
  await expect(async () => {
    await page.mouse.wheel(0, 6000);
    await expect(row(page, `m-${count - 1}`)).toBeInViewport({ timeout: 100 });
  }).toPass();
});

test('a search finds one of 500, and what it finds can all be chosen', async () => {
  await page.getByTestId('search').fill('m-499');
  await expect(page.getByTestId('node-row')).toHaveCount(1);
  await page.getByTestId('search').fill('');
  await page.getByTestId('select-all').click();
  await expect(page.getByTestId('selection')).toContainText(`${count}`);
  await page.getByTestId('select-none').click();
});
