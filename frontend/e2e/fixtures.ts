import { expect, test as base, type Browser, type Locator, type Page } from '@playwright/test';
import { Lab } from './lab';
import { cookies, serve, type Session } from './program';

interface Fixtures {
  /** What the page may complain of: a test that breaks something names what breaks. */
  tolerated: RegExp[];
}

export const session = JSON.parse(process.env.SANDBOXLABS_SESSION ?? '{}') as Session;

/** Has every error of a page fail the test it happens in, but for what the test tolerates. */
export function watch(page: Page, tolerated: RegExp[]): string[] {
  const errors: string[] = [];
  // A node that stops just then has no display to picture: the thumbnail goes without.
  const stopped = /status of 409 .*\/screenshot\//;
  const take = (text: string) => [stopped, ...tolerated].some((it) => it.test(text)) || errors.push(text);
  page.on('pageerror', (error) => take(String(error.stack ?? error)));
  page.on('console', (message) => {
    if (message.type() === 'error') take(`${message.text()} (${message.location().url})`);
  });
  return errors;
}

export const test = base.extend<Fixtures, { lab: Lab }>({
  tolerated: async ({}, use) => use([]), // of each test its own
  lab: [async ({}, use) => use(new Lab(session)), { scope: 'worker' }],
  baseURL: async ({}, use) => use(session.origin),
  storageState: async ({}, use) => use(cookies(session)),
  page: async ({ page, lab, tolerated }, use) => {
    await lab.rpc('Prefer', { 'nodes.filter': '' }); // it would be found again, as it should
    const errors = watch(page, tolerated);
    await use(page);
    expect(errors, 'errors of the page').toEqual([]);
  },
});

export { expect };

/** A node's row or card, in a state if one is given. */
export const row = (page: Page | Locator, name: string, state?: string) =>
  page.locator(
    `[data-testid=node-row][data-name="${name}"]${state === undefined ? '' : `[data-state="${state}"]`}`,
  );

/** Opens the page at a screen, and waits for what the program says. */
export async function open(page: Page, address = '#/nodes'): Promise<void> {
  await page.goto(`/${address}`);
  await expect(page.getByTestId('link')).toHaveAttribute('data-connected', 'true');
}

/** Opens the dialog that makes nodes, and gives a name. */
export async function openCreate(page: Page, name: string): Promise<void> {
  await page.getByTestId('create-open').click();
  await page.getByTestId('create-name').fill(name);
}

/** Opens the page of another program, which has nothing yet, and ends both. */
export async function anew(
  browser: Browser,
  name: string,
  play: (page: Page) => Promise<void>,
): Promise<void> {
  const { session, stop } = await serve(name);
  try {
    const context = await browser.newContext({ baseURL: session.origin, storageState: cookies(session) });
    const page = await context.newPage();
    const errors = watch(page, []);
    await open(page);
    await play(page);
    expect(errors, 'errors of the page').toEqual([]);
    await context.close();
  } finally {
    await stop();
  }
}

/** Opens the menu of a node and chooses from it. */
export async function choose(page: Page, name: string, item: string): Promise<void> {
  await row(page, name).getByTestId('node-menu').click();
  await page.getByTestId(`menu-${item}`).click();
}

/** Has libvirt lost as a request is on its way; gives what brings it back. */
export async function loseWithin(page: Page, lab: Lab, verb: string): Promise<() => Promise<void>> {
  let back: (() => Promise<void>) | undefined;
  await page.route(
    `**/rpc/${verb}`,
    async (route) => {
      back = await lab.loseLibvirt();
      await route.continue();
    },
    { times: 1 },
  );
  return async () => {
    await expect(page.getByTestId('lost-banner')).toBeVisible();
    await back?.();
    await expect(page.getByTestId('lost-banner')).toHaveCount(0, { timeout: 60_000 });
  };
}
