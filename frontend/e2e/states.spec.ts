import { anew, expect, loseWithin, open, openCreate, row, test } from './fixtures';
import { place } from './place';

test.beforeAll(async ({ lab }) => {
  await lab.clear();
});

test('the first run leads from nothing to a node', ({ browser }) =>
  anew(browser, 'first', async (page) => {
    await expect(page.getByTestId('no-images')).toBeVisible();
    await page.getByTestId('no-images').getByRole('button', { name: /add/i }).first().click();
    await page.getByTestId('image-path').fill(place.image);
    await page.getByTestId('image-name').fill('tiny');
    await page.getByTestId('image-submit').click();
    await expect(page.getByTestId('image-dialog')).toHaveCount(0);
    await page.getByTestId('nav-nodes').click();
    await page.getByTestId('no-nodes').getByRole('button').first().click();
    await page.getByTestId('create-start').uncheck();
    await page.getByTestId('create-submit').click();
    await expect(row(page, 'tiny-1', 'stopped')).toBeVisible();
    await row(page, 'tiny-1').getByTestId('node-menu').click();
    await page.getByTestId('menu-delete').click();
    await expect(page.getByTestId('no-nodes')).toBeVisible();
  }));

test('a lost libvirt greys what is known, says so, and comes back by itself', async ({
  page,
  lab,
  tolerated,
}) => {
  tolerated.push(/Failed to load resource/);
  await lab.create(['web-1']);
  await open(page);
  await expect(row(page, 'web-1', 'stopped')).toBeVisible();
  const back = await lab.loseLibvirt();
  try {
    await expect(page.getByTestId('lost-banner')).toBeVisible();
    await expect(row(page, 'web-1', 'stopped')).toBeVisible();
    await expect(row(page, 'web-1').getByTestId('node-start')).toHaveAttribute('aria-disabled', 'true');
    for (const id of ['node-start', 'node-wipe', 'node-menu'])
      await expect(row(page, 'web-1').getByTestId(id)).toHaveAccessibleDescription(
        'libvirt does not answer.',
      );
    await expect(page.getByTestId('create-open')).toHaveAccessibleDescription('libvirt does not answer.');
    await page.keyboard.press('n');
    await expect(page.getByTestId('toast')).toContainText('libvirt does not answer.');
    await expect(page.getByTestId('create-dialog')).toHaveCount(0);
    const lost = page.getByTestId('lost-time');
    await expect(lost).toHaveText(/^[1-9]\d* attempts?, lost for \d+:\d\d\.$/, { timeout: 60_000 });
    const tried = Number(await lost.getAttribute('data-attempts'));
    await expect
      .poll(async () => Number(await lost.getAttribute('data-attempts')), { timeout: 60_000 })
      .toBeGreaterThan(tried);
  } finally {
    await back();
  }
  await expect(page.getByTestId('lost-banner')).toHaveCount(0, { timeout: 60_000 });
  await expect(row(page, 'web-1').getByTestId('node-start')).not.toHaveAttribute('aria-disabled', 'true');
});

test('what was typed into a form outlives a lost libvirt', async ({ page, lab, tolerated }) => {
  tolerated.push(/Failed to load resource/);
  await open(page);
  await openCreate(page, 'typed-in-vain');
  await page.getByTestId('create-memory').fill('96');
  await page.getByTestId('create-start').uncheck();
  const back = await lab.loseLibvirt();
  try {
    await expect(page.getByTestId('lost-banner')).toBeVisible();
    await expect(page.getByTestId('create-dialog')).toContainText('libvirt does not answer.');
    await expect(page.getByTestId('create-submit')).toHaveAccessibleDescription('libvirt does not answer.');
    await page.getByTestId('create-name').press('Enter');
    await expect(page.getByTestId('create-name')).toHaveValue('typed-in-vain');
  } finally {
    await back();
  }
  await expect(page.getByTestId('lost-banner')).toHaveCount(0, { timeout: 60_000 });
  await page.getByTestId('create-submit').click();
  await expect(row(page, 'typed-in-vain', 'stopped')).toBeVisible();
});

test('notes that libvirt is lost over are saved once it is back, wherever the page is then', async ({
  page,
  lab,
  tolerated,
}) => {
  tolerated.push(/Failed to load resource/);
  const [node] = await lab.create(['written']);
  await open(page, `#/nodes/${node?.id}/notes`);
  const back = await loseWithin(page, lab, 'Set');
  await page.getByTestId('notes-text').fill('Not to be');
  await expect(page.getByTestId('lost-banner')).toBeVisible();
  await page.getByTestId('notes-text').fill('Not to be lost.');
  await expect(page.getByTestId('notes-state')).toContainText('Not saved: libvirt does not answer.');
  const asked = page.waitForEvent('dialog');
  await page.close({ runBeforeUnload: true });
  await (await asked).dismiss(); // the page stays
  await page.getByTestId('nav-images').click();
  await back();
  await expect.poll(async () => (await lab.node('written')).notes).toBe('Not to be lost.');
});
