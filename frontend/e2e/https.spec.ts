import { expectDisplay } from './console';
import { expect, open, row, test, watch } from './fixtures';
import { place } from './place';
import { start } from './program';

// Of a browser that has been nowhere yet.
const fresh = { storageState: { cookies: [], origins: [] }, ignoreHTTPSErrors: true };

interface App {
  [verb: string]: (...args: unknown[]) => Promise<unknown>;
}

test('over TLS the page opens once by its link, and shows events, pictures and consoles', async ({
  browser,
}) => {
  const { link, stop } = await start('https', '--tls-cert', place.cert, '--tls-key', place.key);
  try {
    const { origin } = new URL(link);
    expect(origin).toMatch(/^https:/);
    const context = await browser.newContext({ baseURL: origin, ...fresh });
    const page = await context.newPage();
    // What its console says that is open while the node is forced off.
    const errors = watch(page, [/Failed when connecting/, /status of 409 .*\/rpc\/Console/]);
    await page.goto(link);
    await open(page);
    expect(page.url()).not.toContain('token');
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ secure: true, httpOnly: true, sameSite: 'Strict' });

    const call = (verb: string, ...args: unknown[]) =>
      page.evaluate(
        ([verb, args]) => (window as unknown as { go: { app: { App: App } } }).go.app.App[verb]?.(...args),
        [verb, args] as const,
      );
    await call('AddImage', { name: 'tiny', path: place.image });
    await expect
      .poll(async () => ((await call('Images')) as { state: string }[]).map(({ state }) => state))
      .toEqual(['ready']);
    const rest = { stopSeconds: 5, keymap: '', notes: '', guacamole: {}, vcpus: 1, memoryMiB: 96 };
    const made = await call('Create', { name: 'secure', image: 'tiny', start: true, ...rest });
    const { id } = made as { id: string };
    await expect(row(page, 'secure', 'running')).toBeVisible(); // events told it
    await expectDisplay(page, 'secure', id);
    await call('ForceOff', id);
    await open(page);
    await expect(row(page, 'secure', 'stopped')).toBeVisible();
    await call('Delete', id, true);
    expect(errors, 'errors of the page').toEqual([]);

    const other = await browser.newContext({ baseURL: origin, ...fresh });
    const late = await other.newPage();
    expect((await late.goto(link))?.status()).toBe(401);
    await expect(late.getByRole('heading')).toHaveText('This browser has no session here');
    await other.close();
    await context.close();
  } finally {
    await stop();
  }
});
