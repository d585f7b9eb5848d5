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

test('the pointer and the keyboard are told the same of a control', async ({ page }) => {
  await open(page);
  const tip = page.getByTestId('tooltip');
  const wipe = row(page, 'beta').getByTestId('node-wipe');
  await expect(wipe).toHaveAccessibleDescription(/^Discards .* keeps the node's identity\.$/);
  await wipe.hover();
  await expect(tip).toHaveText(/^Wipe beta\s+Discards/);
  await page.mouse.move(0, 0);
  await expect(tip).toHaveCount(0);
  await row(page, 'beta').getByTestId('node-console').focus();
  await page.keyboard.press('Tab');
  await expect(wipe).toBeFocused();
  await expect(tip).toHaveText(/^Wipe beta\s+Discards/);
  await page.keyboard.press('Escape');
  await expect(tip).toHaveCount(0);
  await expect(wipe).toBeFocused();
});

test('the arrow keys in a menu bring why an item is dead', async ({ page }) => {
  await open(page);
  await row(page, 'beta').getByTestId('node-menu').focus();
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('menu-pause')).toBeFocused();
  await expect(page.getByTestId('menu-pause')).toHaveAccessibleDescription('The node is not running.');
  await expect(page.getByTestId('tooltip')).toHaveText('The node is not running.');
});

test('a tooltip tells what is so, and goes with what it is of', async ({ page, lab }) => {
  const [node] = await lab.create(['gamma']);
  await open(page);
  await row(page, 'gamma').getByTestId('node-console').hover();
  await expect(page.getByTestId('tooltip')).toHaveText('Console of gamma');
  await lab.rpc('Rename', node?.id, 'delta');
  await expect(page.getByTestId('tooltip')).toHaveText('Console of delta');
  await lab.rpc('Delete', node?.id, true);
  await expect(page.getByTestId('tooltip')).toHaveCount(0);
});

test('what can be read is not said again in a tooltip, what is cut off is', async ({ page }) => {
  await open(page);
  const tip = page.getByTestId('tooltip');
  const name = row(page, 'beta').getByTestId('node-name');
  await row(page, 'beta').getByTestId('node-menu').hover();
  await expect(tip).toHaveText('More actions for beta');
  await name.hover(); // the next one comes at once
  await expect(tip).toHaveCount(0);
  await name.evaluate((it) => (it.style.width = '1ch'));
  await row(page, 'beta').getByTestId('node-menu').hover();
  await name.hover();
  await expect(tip).toHaveText('beta');
});
