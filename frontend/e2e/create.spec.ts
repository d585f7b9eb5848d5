import { choose, expect, open, openCreate, row, test } from './fixtures';
import { virsh } from './place';

test.beforeEach(({ lab }) => lab.clear());

test('several are made at once, and the choice is remembered', async ({ page, lab }) => {
  await open(page);
  await page
    .getByTestId('no-nodes')
    .getByRole('button', { name: /create/i })
    .first()
    .click();
  await page.getByTestId('create-name').fill('web-{1..3}');
  await page.getByTestId('create-memory').fill('80');
  await page.getByTestId('create-start').uncheck();
  await page.getByTestId('create-submit').click();
  await expect(page.getByTestId('create-dialog')).toHaveCount(0);
  for (const name of ['web-1', 'web-2', 'web-3']) await expect(row(page, name, 'stopped')).toBeVisible();
  expect((await lab.nodes()).map(({ name, memoryMiB }) => `${name} ${memoryMiB}`)).toEqual([
    'web-1 80',
    'web-2 80',
    'web-3 80',
  ]);
  const kept = async () => Object.values(await lab.rpc<Record<string, string>>('Preferences')).join();
  await expect.poll(kept).toContain('80');
  await page.reload();
  await page.getByTestId('create-open').click();
  await expect(page.getByTestId('create-memory')).toHaveValue('80');
  await expect(page.getByTestId('create-start')).not.toBeChecked();
});

test('it warns of more memory than is free, and refuses more than there is', async ({ page, lab }) => {
  const { memoryMiB } = await lab.rpc<{ memoryMiB: number }>('Host');
  await lab.create(['first']);
  await open(page);
  await openCreate(page, 'big-{1..3}');
  await page.getByTestId('create-memory').fill(`${Math.floor(memoryMiB / 2)}`);
  await expect(page.getByTestId('warning')).toContainText('more than the host');
  await page.getByTestId('create-memory').fill(`${memoryMiB + 1024}`);
  await expect(page.getByTestId('create-submit')).toBeDisabled();
  await page.getByTestId('create-cancel').click();
  expect(await lab.nodes()).toHaveLength(1);
});

test('the dialog waits for no answer: it is there with the next frame', async ({ page, lab }) => {
  await lab.create(['first']);
  await open(page);
  await row(page, 'first').waitFor();
  await page.route('**/rpc/*', () => undefined); // nothing answers
  const name = await page.getByTestId('create-open').evaluate(async (button: HTMLElement) => {
    button.click();
    await new Promise(requestAnimationFrame);
    return document.querySelector<HTMLInputElement>('dialog[open] [data-testid=create-name]')?.value;
  });
  expect(name).toBe('tiny-1');
});

test('a taken name is refused beside its field, and nothing that was typed is lost', async ({
  page,
  lab,
}) => {
  await lab.create(['first']);
  await open(page);
  await openCreate(page, 'first');
  await page.getByTestId('create-memory').fill('77');
  await expect(page.getByTestId('fault').filter({ hasText: 'taken' })).toBeVisible();
  await expect(page.getByTestId('create-submit')).toBeDisabled();
  await expect(page.getByTestId('create-memory')).toHaveValue('77');
});

test('the clipboard is shared with the guest from the beginning, until it is no more', async ({
  page,
  lab,
}) => {
  await lab.create(['first']);
  await open(page);
  await openCreate(page, 'sharing');
  await page.getByTestId('create-start').uncheck();
  await page.getByTestId('create-more').locator('summary').click();
  await page.getByTestId('create-clipboard').check();
  await page.getByTestId('create-submit').click();
  await expect(row(page, 'sharing', 'stopped')).toBeVisible();
  const channel = "<channel type='qemu-vdagent'>";
  expect(await virsh('dumpxml', 'sharing')).toContain(channel);
  for (const shared of [false, true]) {
    await choose(page, 'sharing', 'consoleSettings');
    const choice = page.getByTestId('console-settings-clipboard');
    await expect(choice).toBeChecked({ checked: !shared });
    await choice.setChecked(shared);
    await page.getByTestId('console-settings-submit').click();
    await expect(page.getByTestId('console-settings-dialog')).toHaveCount(0);
    expect((await virsh('dumpxml', 'sharing')).includes(channel)).toBe(shared);
  }
});
