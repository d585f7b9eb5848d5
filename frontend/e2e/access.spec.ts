import { choose, expect, open, row, test } from './fixtures';

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  await lab.create(['alpha', 'beta']);
});

const screens = ['nodes', 'images', 'activity', 'health', 'settings'];

for (const screen of screens)
  test(`Tab reaches every control of ${screen}, and each shows that it has the keyboard`, async ({
    page,
  }) => {
    await open(page, `#/${screen}`);
    if (screen === 'nodes') await row(page, 'beta').waitFor();
    if (screen === 'health') await page.getByTestId('host').waitFor();
    // What the browser would go to: of radio buttons of one name only the chosen one.
    const wanted = await page.evaluate(() => {
      const selector = 'a[href], button, input, select, textarea, summary, [tabindex]';
      const all = [...document.querySelectorAll<HTMLElement>(selector)].filter(
        (it) =>
          it.tabIndex >= 0 &&
          !it.matches(':disabled, [inert] *') &&
          !(it instanceof HTMLInputElement && it.type === 'radio' && !it.checked) &&
          it.checkVisibility({ visibilityProperty: true }),
      );
      for (const [at, it] of all.entries()) it.dataset.order = `${at}`;
      return all.length;
    });
    const found = await page
      .evaluate(() => document.body.focus())
      .then(async () => {
        const reached = new Set<string>();
        const bare: string[] = [];
        for (let at = 0; at < wanted + 5; at++) {
          await page.keyboard.press('Tab');
          const here = await page.evaluate(() => {
            const it = document.activeElement as HTMLElement;
            const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(it);
            const ring = (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
            return { order: it.dataset.order, ring, html: it.outerHTML.slice(0, 120) };
          });
          if (here.order === undefined) continue;
          reached.add(here.order);
          if (!here.ring) bare.push(here.html);
        }
        return { reached: reached.size, bare };
      });
    expect(found).toEqual({ reached: wanted, bare: [] });
  });

test('what was done is read out', async ({ page }) => {
  await open(page);
  await choose(page, 'alpha', 'delete');
  await expect(page.getByRole('status').filter({ hasText: 'Deleted alpha' }).first()).toBeAttached();
  await page.getByTestId('undo').click();
  await expect(row(page, 'alpha', 'stopped')).toBeVisible();
});

test('the keyboard is never lost: it comes back from a menu and a dialog', async ({ page }) => {
  await open(page);
  const menu = row(page, 'beta').getByTestId('node-menu');
  await menu.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await expect(menu).toBeFocused();
  await page.getByTestId('create-open').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('create-name')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('create-open')).toBeFocused();
});
