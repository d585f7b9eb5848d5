import { expect, open, test } from './fixtures';
import { place, run } from './place';

/** What the doctor could never answer: the page has to fail at it. */
const nonsense = { host: null, checks: [null] };

test('a part of the page that goes wrong says what to do, and the rest goes on', async ({ page }) => {
  let wrong = true;
  await page.route('**/rpc/Health', (route) =>
    wrong ? route.fulfill({ json: nonsense }) : route.continue(),
  );
  await page.emulateMedia({ colorScheme: 'dark' });
  await open(page, '#/health');
  const broken = page.getByTestId('broken');
  await expect(broken).toContainText('This part of the page went wrong');
  await page.screenshot({ path: '../build/out/screenshots/broken/dark.png' });
  await page.emulateMedia({ colorScheme: 'light' });
  await page.screenshot({ path: '../build/out/screenshots/broken/light.png' });
  await page.getByTestId('broken-copy').click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain('TypeError');
  const log = `${place.dir}/state/sandboxlabs/log/sandboxlabs.log`;
  await expect.poll(() => run('cat', log)).toContain('TypeError');

  await page.getByTestId('nav-images').click(); // the rest goes on
  await expect(page.getByTestId('image-row')).toBeVisible();
  await page.getByTestId('nav-health').click();
  await expect(broken).toBeVisible();
  wrong = false;
  await page.getByTestId('broken-reload').click();
  await expect(broken).toBeVisible(); // what the page knows is as wrong as before
  await page.getByTestId('broken-reload').click();
  await expect(page.getByTestId('check').first()).toBeVisible();
  await expect(broken).toHaveCount(0);
});
