import type { Page } from '@playwright/test';
import { expect, open, test } from './fixtures';
import type { Lab } from './lab';
import { place, virsh } from './place';

const image = async (lab: Lab) =>
  (await lab.rpc<{ name: string; state: string }[]>('Images')).find(({ name }) => name === 'other')?.state;

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  await lab.rpc('AddImage', { name: 'other', path: place.image });
  await expect.poll(() => image(lab), { timeout: 60_000 }).toBe('ready');
  await lab.create(['delta', 'alpha']);
  await lab.create(['gamma', 'beta'], { image: 'other' });
  await virsh('start', '--paused', 'gamma'); // it is on without a boot
});

test.afterAll(async ({ lab }) => {
  await lab.clear();
  await lab.rpc('RemoveImage', 'other');
});

test.beforeEach(({ lab }) => lab.rpc('Prefer', { 'nodes.view': '', 'nodes.group': '', 'nodes.sort': '' }));

/** Opens the page as the next start does: all it has is what was kept, and what it is given. */
async function begin(page: Page, address?: string): Promise<void> {
  await page.goto('about:blank');
  await open(page, address);
}

/** Headings and nodes as they are seen, in lines from the top. */
const seen = (page: Page) =>
  page.locator('[data-testid=group], [data-testid=node-row]').evaluateAll((all) =>
    all
      .map((it) => ({ it: it as HTMLElement, at: it.getBoundingClientRect() }))
      .sort((a, b) => a.at.y - b.at.y || a.at.x - b.at.x)
      .map(({ it }) => (it.dataset.testid === 'group' ? `# ${it.textContent.trim()}` : it.dataset.name)),
  );

const shows = (page: Page, ...wanted: string[]) => expect.poll(() => seen(page)).toEqual(wanted);

async function choose(page: Page, menu: string, item: string): Promise<void> {
  await page.getByTestId(menu).click();
  await page.getByTestId(item).click();
}

const kept = (lab: Lab, key: string) =>
  expect.poll(async () => (await lab.rpc<Record<string, string>>('Preferences'))[key] ?? '');

test('cards or a table: the choice is there at the next start', async ({ page, lab }) => {
  await open(page);
  await expect(page.getByRole('list', { name: 'Nodes' })).toBeVisible();
  await page.getByTestId('view-table').click();
  await expect(page.getByRole('grid', { name: 'Nodes' })).toBeVisible();
  await expect(page).toHaveURL(/view=table/);
  await kept(lab, 'nodes.view').toBe('table');
  await begin(page);
  await expect(page.getByRole('grid', { name: 'Nodes' })).toBeVisible();
  await expect(page.getByTestId('view-table')).toHaveAttribute('aria-pressed', 'true');
  await page.getByTestId('view-cards').click();
  await kept(lab, 'nodes.view').toBe('cards');
  await begin(page);
  await expect(page.getByRole('list', { name: 'Nodes' })).toBeVisible();
});

for (const view of ['cards', 'table'])
  test(`groups of ${view} have headings, and follow what libvirt says`, async ({ page, lab }) => {
    await open(page, `#/nodes?view=${view}`);
    await choose(page, 'group-by', 'group-image');
    await shows(page, '# other 2', 'beta', 'gamma', '# tiny 2', 'alpha', 'delta');
    await expect(page).toHaveURL(/group=image/);
    await choose(page, 'group-by', 'group-state');
    await shows(page, '# paused 1', 'gamma', '# stopped 3', 'alpha', 'beta', 'delta');
    await expect(
      page.getByRole(view === 'cards' ? 'heading' : 'rowheader', { name: 'paused' }),
    ).toBeVisible();
    await virsh('destroy', 'gamma');
    await shows(page, '# stopped 4', 'alpha', 'beta', 'delta', 'gamma');
    await virsh('start', '--paused', 'gamma');
    await shows(page, '# paused 1', 'gamma', '# stopped 3', 'alpha', 'beta', 'delta');
    await kept(lab, 'nodes.group').toBe('state');
    await choose(page, 'group-by', 'group-none');
    await shows(page, 'alpha', 'beta', 'delta', 'gamma');
  });

test('nodes are sorted by name, state, image and age', async ({ page }) => {
  await open(page);
  await shows(page, 'alpha', 'beta', 'delta', 'gamma');
  await choose(page, 'sort-by', 'sort-by-state');
  await shows(page, 'gamma', 'alpha', 'beta', 'delta');
  await choose(page, 'sort-by', 'sort-by-age');
  await shows(page, 'beta', 'gamma', 'alpha', 'delta');
  await expect(page).toHaveURL(/sort=age/);
  await choose(page, 'sort-by', 'sort-by-image');
  await shows(page, 'beta', 'gamma', 'alpha', 'delta');
  await page.getByTestId('view-table').click();
  await page.getByTestId('sort-state').click();
  await shows(page, 'gamma', 'alpha', 'beta', 'delta');
  await page.getByTestId('sort-name').click();
  await shows(page, 'alpha', 'beta', 'delta', 'gamma');
});

test('filters by state, image and text are in the address', async ({ page }) => {
  await open(page);
  await page.locator('[data-testid=filter-state][data-state=stopped]').click();
  await shows(page, 'alpha', 'beta', 'delta');
  await choose(page, 'filter-image', 'image-tiny');
  await shows(page, 'alpha', 'delta');
  await page.getByTestId('search').fill('lta');
  await shows(page, 'delta');
  await expect(page.getByTestId('shown-count')).toHaveText('1 of 4 shown');
  await expect(page).toHaveURL(/#\/nodes\?state=stopped&image=tiny&q=lta$/);
  await page.getByTestId('search').fill('nothing of the kind');
  await expect(page.getByTestId('no-match')).toContainText('“nothing of the kind”');
  await page.getByTestId('no-match-clear').click();
  await shows(page, 'alpha', 'beta', 'delta', 'gamma');
  await expect(page).toHaveURL(/#\/nodes$/);
});

test('an address opens with what it asks for, and keeps none of it', async ({ page, lab }) => {
  await begin(page, '#/nodes?view=table&group=state&sort=age&state=stopped&image=tiny&q=a');
  await shows(page, '# stopped 2', 'alpha', 'delta');
  await expect(page.getByTestId('search')).toHaveValue('a');
  await expect(page.locator('[data-testid=filter-state][data-state=stopped]')).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await expect(page.getByTestId('filter-image')).toHaveText('tiny');
  await begin(page);
  await shows(page, 'alpha', 'beta', 'delta', 'gamma');
  await kept(lab, 'nodes.filter').toBe('');
});

test('the next start has the filters, and a search lasts until then', async ({ page, lab }) => {
  await open(page);
  await page.locator('[data-testid=filter-state][data-state=stopped]').click();
  await choose(page, 'filter-image', 'image-tiny');
  await page.getByTestId('search').fill('lta');
  await page.getByTestId('nav-images').click(); // before the search has come to rest
  await expect(page).toHaveURL(/#\/images$/);
  await page.getByTestId('nav-nodes').click();
  await expect(page.getByTestId('search')).toHaveValue('lta');
  await shows(page, 'delta');
  await expect(page).toHaveURL(/q=lta/);
  await kept(lab, 'nodes.filter').toBe('state=stopped&image=tiny');
  await page.reload();
  await shows(page, 'delta');
  await begin(page);
  await shows(page, 'alpha', 'delta');
  await expect(page.getByTestId('search')).toHaveValue('');
  await expect(page).toHaveURL(/#\/nodes\?state=stopped&image=tiny$/);
});
