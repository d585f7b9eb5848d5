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

/** Presses Start of so many nodes, going down the list: what is out of sight is not in the page. */
async function press(count: number): Promise<void> {
  const pressed = new Set<string>();
  const list = document.querySelector('[data-testid=node-row]')?.closest('.scroll');
  for (let tries = 0; pressed.size < count && tries < count; tries++) {
    for (const button of document.querySelectorAll<HTMLElement>('[data-testid=node-start]')) {
      const { name = '' } = button.closest<HTMLElement>('[data-testid=node-row]')?.dataset ?? {};
      if (pressed.size === count || pressed.has(name)) continue;
      pressed.add(name);
      button.click();
    }
    list?.scrollBy(0, list.clientHeight + 400);
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
  }
}

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

test('of 200 failures four are shown, few sentences are read out, and the page answers keys', async () => {
  tolerated.push(/Failed to load resource/);
  const held: (() => void)[] = [];
  await page.route('**/rpc/Start', async (route) => {
    await new Promise<void>((resolve) => held.push(resolve));
    await route.fulfill({ status: 503, json: { kind: 'unavailable', message: 'the pool is full' } });
  });
  await page.evaluate(() => {
    const seen = Object.assign(window, { most: 0, sentences: 0 });
    const toasts = () => document.querySelectorAll('[data-testid=toast]').length;
    new MutationObserver(() => (seen.most = Math.max(seen.most, toasts()))).observe(document.body, {
      childList: true,
      subtree: true,
    });
    const said = document.querySelector('[data-testid=said] + [role=alert]');
    if (said)
      new MutationObserver(() => seen.sentences++).observe(said, { characterData: true, subtree: true });
  });
  await page.getByTestId('view-table').click();
  await page.evaluate(press, 200);
  await expect.poll(() => held.length).toBe(200);
  for (const release of held) release();
  await page.keyboard.press('?');
  await expect(page.getByTestId('shortcuts')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('toasts-more')).toContainText('196 more');
  await expect(page.getByTestId('toast')).toHaveCount(4);
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('toast')).toHaveCount(3);
  await page.getByTestId('toasts-more').press('Enter');
  await expect(page.getByTestId('toast')).toHaveCount(0);
  await expect(page.locator('[data-testid=activity-row][data-outcome=failed]')).toHaveCount(200);
  const { most, sentences } = await page.evaluate(() => {
    const { most, sentences } = window as unknown as Record<string, number>;
    return { most, sentences };
  });
  expect(most).toBe(4);
  expect(sentences).toBeGreaterThan(0);
  expect(sentences).toBeLessThan(20);
  await page.getByTestId('nav-nodes').click();
  await page.getByTestId('view-cards').click();
});

test('a search finds one of 500, and what it finds can all be chosen', async () => {
  await page.getByTestId('search').fill('m-499');
  await expect(page.getByTestId('node-row')).toHaveCount(1);
  await page.getByTestId('search').fill('');
  await page.getByTestId('select-all').click();
  await expect(page.getByTestId('selection')).toContainText(`${count}`);
  await page.getByTestId('select-none').click();
});
