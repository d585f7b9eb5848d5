import type { Page } from '@playwright/test';
import { choose, expect, open, row, test } from './fixtures';
import { virsh } from './place';

const names = ['n-1', 'n-2', 'n-3', 'n-4', 'n-5', 'n-6', 'n-7'];

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  await lab.create(names);
});

// Four cards side by side, in two lines.
test.use({ viewport: { width: 1400, height: 800 } });

async function cards(page: Page): Promise<void> {
  await open(page);
  await row(page, 'n-7').waitFor();
}

const picked = (page: Page, ...wanted: string[]) =>
  expect
    .poll(() =>
      page
        .locator('[data-testid=node-row][data-selected=true]')
        .evaluateAll((all) => all.map((it) => (it as HTMLElement).dataset.name)),
    )
    .toEqual(wanted);

async function presses(page: Page, ...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

test('arrows go through the cards in both directions, and the page keys to both ends', async ({ page }) => {
  await cards(page);
  for (const [key, name] of [
    ['ArrowRight', 'n-2'],
    ['ArrowDown', 'n-6'],
    ['ArrowLeft', 'n-5'],
    ['ArrowUp', 'n-1'],
    ['ArrowLeft', 'n-1'],
    ['End', 'n-7'],
    ['ArrowRight', 'n-7'],
    ['PageUp', 'n-3'],
    ['Home', 'n-1'],
    ['PageDown', 'n-5'],
  ] as const) {
    await page.keyboard.press(key);
    await expect(row(page, name), key).toBeFocused();
  }
});

test('Shift selects on the way, Space one, Ctrl+A all and Escape none', async ({ page }) => {
  await cards(page);
  await presses(page, 'ArrowRight', 'Shift+ArrowRight', 'Shift+ArrowRight');
  await picked(page, 'n-2', 'n-3', 'n-4');
  await presses(page, 'Shift+ArrowLeft', 'Shift+ArrowDown');
  await picked(page, 'n-2', 'n-3', 'n-4', 'n-5', 'n-6', 'n-7');
  await presses(page, 'Shift+Home');
  await picked(page, 'n-1', 'n-2');
  await presses(page, 'Escape');
  await picked(page);
  await presses(page, 'Space', 'ArrowRight', 'ArrowRight', 'Space');
  await picked(page, 'n-1', 'n-3');
  await presses(page, 'Space');
  await picked(page, 'n-1');
  await presses(page, 'Control+a');
  await picked(page, ...names);
  await presses(page, 'Escape');
  await picked(page);
});

for (const view of ['cards', 'table'])
  test(`the list of ${view} is one stop of Tab, and then what is in its node`, async ({ page }) => {
    await open(page, `#/nodes?view=${view}`);
    await row(page, 'n-7').waitFor();
    await presses(page, 'Home', 'ArrowRight');
    await expect(row(page, 'n-2')).toBeFocused();
    const here = () =>
      page.evaluate(() => {
        const it = document.activeElement as HTMLElement;
        const node = it.closest<HTMLElement>('[data-id]')?.dataset.name ?? 'outside';
        return `${node} ${it.dataset.testid}`;
      });
    const within = ['row', 'select', 'name', 'start', 'console', 'wipe', 'menu'].map(
      (it) => `n-2 node-${it}`,
    );
    for (const want of within) {
      expect(await here()).toBe(want);
      await presses(page, 'Tab');
    }
    expect(await here()).toMatch(/^outside /);
    await presses(page, 'Shift+Tab');
    expect(await here()).toBe('n-2 node-menu');
    await presses(page, ...within.map(() => 'Shift+Tab'));
    expect(await here()).toMatch(/^outside /);
  });

test('F2 renames in place: Enter keeps the name, Escape gives it up', async ({ page }) => {
  await cards(page);
  const field = page.getByTestId('rename-name');
  await presses(page, 'End', 'F2');
  await expect(field).toHaveValue('n-7');
  await page.keyboard.type('n-1');
  await expect(row(page, 'n-7').getByTestId('fault')).toContainText('taken');
  await presses(page, 'Enter');
  await expect(field, 'nothing is lost').toHaveValue('n-1');
  await presses(page, 'Escape');
  await expect(row(page, 'n-7')).toBeFocused();
  await presses(page, 'F2');
  await page.keyboard.type('n-9');
  await presses(page, 'Enter');
  await expect(row(page, 'n-9')).toBeFocused();
  expect((await virsh('list', '--all', '--name')).split('\n')).toContain('n-9');
  await presses(page, 'F2');
  await page.keyboard.type('n-7');
  await presses(page, 'Enter');
  await expect(row(page, 'n-7')).toBeFocused();
});

test('Delete deletes, the next node has the keyboard, and Ctrl+Z brings it back', async ({ page }) => {
  await cards(page);
  await presses(page, 'ArrowRight', 'Delete');
  await expect(page.getByTestId('undo-toast')).toContainText('Deleted n-2');
  await expect(row(page, 'n-2')).toHaveCount(0);
  await expect(row(page, 'n-3')).toBeFocused();
  expect((await virsh('list', '--all', '--name')).split('\n')).not.toContain('n-2');
  await presses(page, 'Control+z');
  await expect(row(page, 'n-2', 'stopped')).toBeVisible();
  await expect(row(page, 'n-3')).toBeFocused();
  expect((await virsh('list', '--all', '--name')).split('\n')).toContain('n-2');
});

test('Enter opens the console, d the details', async ({ page, lab }) => {
  const { id } = await lab.node('n-2');
  await cards(page);
  await presses(page, 'ArrowRight', 'd');
  await expect(page.locator('[data-testid=details][data-name=n-2]')).toBeVisible();
  await presses(page, 'Escape');
  await expect(page.getByTestId('details')).toHaveCount(0);
  await row(page, 'n-2').focus();
  await presses(page, 'Enter');
  await expect(page).toHaveURL(new RegExp(`#/console/${id}$`));
  await expect(page.locator('[data-testid=console][data-name=n-2]')).toBeVisible();
});

test('the menu of a node opens by the right button, the Menu key and Shift+F10', async ({ page }) => {
  await cards(page);
  const menu = page.getByRole('menu', { name: 'Actions for n-3' });
  await row(page, 'n-3').click({ button: 'right' });
  await expect(menu).toBeVisible();
  await presses(page, 'Escape');
  await expect(menu).toHaveCount(0);
  await row(page, 'n-3').focus();
  for (const key of ['ContextMenu', 'Shift+F10']) {
    await presses(page, key);
    await expect(menu, key).toBeVisible();
    await expect(page.getByTestId('menu-pause')).toBeFocused();
    await presses(page, 'Escape');
    await expect(menu).toHaveCount(0);
    await expect(row(page, 'n-3'), key).toBeFocused();
  }
  await choose(page, 'n-4', 'rename');
  await expect(row(page, 'n-4').getByTestId('rename-name')).toBeFocused();
});

test('a click selects one, Ctrl one more, Shift all between, beside them nothing', async ({ page }) => {
  await cards(page);
  const click = (name: string, ...modifiers: ('Control' | 'Shift')[]) =>
    row(page, name).getByTestId('node-thumbnail').click({ modifiers });
  await click('n-2');
  await picked(page, 'n-2');
  await click('n-5', 'Control');
  await picked(page, 'n-2', 'n-5');
  await click('n-7', 'Shift');
  await picked(page, 'n-5', 'n-6', 'n-7');
  await click('n-6', 'Control');
  await picked(page, 'n-5', 'n-7');
  await click('n-1');
  await picked(page, 'n-1');
  const last = await row(page, 'n-7').boundingBox();
  await page.mouse.click((last?.x ?? 0) + (last?.width ?? 0) + 40, (last?.y ?? 0) + 40);
  await picked(page);
});

test('a box drawn with the pointer selects what it touches, with Ctrl beside what was', async ({ page }) => {
  await cards(page);
  const middle = async (name: string) => {
    const box = await row(page, name).getByTestId('node-thumbnail').boundingBox();
    return [(box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + (box?.height ?? 0) / 2] as const;
  };
  const drag = async (from: string, to: string) => {
    await page.mouse.move(...(await middle(from)));
    await page.mouse.down();
    await page.mouse.move(...(await middle(to)), { steps: 5 });
    await expect(page.getByTestId('lasso')).toBeVisible();
  };
  await drag('n-1', 'n-6');
  await picked(page, 'n-1', 'n-2', 'n-5', 'n-6');
  await page.mouse.up();
  await expect(page.getByTestId('lasso')).toHaveCount(0);
  await picked(page, 'n-1', 'n-2', 'n-5', 'n-6');
  await page.keyboard.down('Control');
  await drag('n-7', 'n-3');
  await page.mouse.up();
  await page.keyboard.up('Control');
  await picked(page, 'n-1', 'n-2', 'n-3', 'n-5', 'n-6', 'n-7');
});
