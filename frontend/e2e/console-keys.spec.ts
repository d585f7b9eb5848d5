import { display, expectDisplay, pane, typeClipboard, write } from './console';
import { expect, test } from './fixtures';
import { Guest } from './guest';
import { speakGerman } from './keymap';
import { virsh } from './place';

let ids: Record<string, string>;

test.beforeAll(async ({ lab }) => {
  await lab.clear();
  await lab.boot('left');
  const rest = { image: 'tiny', vcpus: 1, memoryMiB: 96, stopSeconds: 5, notes: '', guacamole: {} };
  await lab.rpc('Create', { ...rest, name: 'german', keymap: 'de', start: true });
  await lab.state('german', 'running');
  await lab.booted('german');
  ids = Object.fromEntries((await lab.nodes()).map(({ name, id }) => [name, id]));
});

test('a text is typed on the layout of a German guest', async ({ page }) => {
  const guest = await Guest.listen('german');
  await speakGerman(guest);
  await expectDisplay(page, 'german', ids.german);
  const text = 'zyZY @{[]}\\|~ <>#-_;:=?/()+*"';
  await typeClipboard(page, 'german', `echo '${text}' >/dev/ttyS0\n`);
  await guest.hear(text);
  await guest.close();
});

test('Escape stops the typing of a long text', async ({ page }) => {
  const guest = await Guest.listen('left');
  await expectDisplay(page, 'left', ids.left);
  await typeClipboard(page, 'left', `: ${'x'.repeat(5_000)}`);
  await expect(page.getByTestId('typing')).toContainText('of 5,002 keys');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('typing')).toHaveCount(0);
  await display(page, 'left').click();
  await page.keyboard.press('Control+u');
  await write(page, 'echo after-$((6*7)) >/dev/ttyS0');
  await guest.hear('after-42');
  await guest.close();
});

test('a held modifier stays down until it is released', async ({ page }) => {
  const guest = await Guest.listen('left');
  await expectDisplay(page, 'left', ids.left);
  const hold = async (down: boolean) => {
    await pane(page, 'left').getByTestId('console-keys').click();
    const shift = page.getByTestId('hold-shift');
    await shift.click();
    await expect(shift).toHaveAttribute('aria-pressed', `${down}`);
    await page.keyboard.press('Escape');
    await display(page, 'left').click();
  };
  await display(page, 'left').click();
  await write(page, 'echo "', '');
  await hold(true);
  await write(page, 'abc', '');
  await hold(false);
  await write(page, 'def" >/dev/ttyS0');
  await guest.hear('ABCdef');
  await guest.close();
});

test('a clipboard of 5 MB is not pasted, which is said, and the page goes on', async ({ page }) => {
  const guest = await Guest.listen('left');
  await expectDisplay(page, 'left', ids.left);
  await page.evaluate(() => navigator.clipboard.writeText('x'.repeat(5 << 20)));
  await page.getByTestId('nav-nodes').focus();
  await display(page, 'left').click();
  await expect(async () => {
    await page.keyboard.press('Control+v');
    await expect(page.getByTestId('toast')).toContainText('At most 262,144', { timeout: 1_000 });
  }).toPass();
  await page.keyboard.press('Control+c');
  // The keys that paste stay here: the guest would paste what it had before.
  await write(page, 'read -rsn1 key; echo got-$((6*7))-$key >/dev/ttyS0');
  await page.keyboard.press('Control+v');
  await page.keyboard.press('b');
  await guest.hear('got-42-b');
  await guest.close();
});

test('a text that is being typed when the node goes is given up', async ({ page, tolerated }) => {
  tolerated.push(/Failed when connecting/); // noVNC's word for it
  await expectDisplay(page, 'left', ids.left);
  await typeClipboard(page, 'left', `: ${'x'.repeat(5_000)}`);
  await expect(page.getByTestId('typing')).toBeVisible();
  await virsh('destroy', 'left');
  await expect(page.getByTestId('typing')).toHaveCount(0);
  await expect(display(page, 'left', 'off')).toBeVisible();
});
