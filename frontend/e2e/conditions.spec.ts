import { choose, expect, loseWithin, open, openCreate, row, test } from './fixtures';
import { place, run, virsh } from './place';

test.beforeEach(({ lab }) => lab.clear());

test('a name of 63 characters moves nothing out of the window', async ({ page, lab }) => {
  const name = `n${'x'.repeat(61)}1`;
  await lab.create([name]);
  await page.setViewportSize({ width: 1024, height: 640 });
  await open(page);
  await expect(row(page, name, 'stopped')).toBeVisible();
  await expect(row(page, name).getByTestId('node-menu')).toBeInViewport();
  await choose(page, name, 'delete');
  const toast = page.getByTestId('undo-toast');
  await expect(toast).toContainText(name);
  await expect(toast.getByTestId('undo')).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test('four consoles keep their tools within their panes, whatever the text, and in reach of the keyboard', async ({
  page,
  lab,
}) => {
  const nodes = await lab.create(['one', 'two', 'three', 'a-node-with-quite-a-long-name-for-one']);
  await open(page);
  for (const { id } of nodes) await page.evaluate((it) => (location.hash = `#/console/${it}`), id);
  await page.getByTestId('layout-4').click();
  const bars = page.getByTestId('console-toolbar');
  await expect(bars).toHaveCount(4);
  /** What is wider than its place. */
  const wide = () =>
    page.evaluate(() =>
      [document.documentElement, ...document.querySelectorAll('[data-testid=console-toolbar]')]
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        .map(({ tagName, scrollWidth, clientWidth }) => `${tagName} ${scrollWidth} in ${clientWidth}`),
    );
  const unfold = bars.first().getByTestId('console-tools');
  for (const [width, text, folded] of [
    [2560, 100, false],
    [1440, 100, false],
    [1440, 200, true],
    [1024, 100, true],
    [1024, 125, true],
    [1024, 200, true],
    [720, 100, true], // where the sidebar has icons alone, as with large text of the desktop's
  ] as const) {
    await page.setViewportSize({ width, height: 640 });
    await page.evaluate((it) => (document.documentElement.style.fontSize = `${it}%`), text);
    await expect(unfold).toBeVisible({ visible: folded });
    expect(await wide(), `${width} with text of ${text} %`).toEqual([]);
    if (!folded) continue;
    await bars.first().getByTestId('node-start').hover();
    await expect(page.getByTestId('tooltip')).toHaveText('Start');
    await unfold.press('Enter');
    await page.keyboard.press('Tab');
    await expect(bars.first().getByTestId('console-transport')).toBeFocused();
    expect(await wide(), `${width} with text of ${text} %, unfolded`).toEqual([]);
    await unfold.press('Enter');
  }
  await page.getByTestId('console-close').filter({ visible: true }).click();
  await expect(bars).toHaveCount(3);
  await page.getByTestId('layout-1').click();
  await expect(page.getByTestId('workspace')).toHaveAttribute('data-layout', '1');
});

test('a node that flips its state 20 times a second ends as what it is', async ({ page, lab }) => {
  await lab.create(['flip', 'still'], { start: true });
  await open(page);
  await expect(row(page, 'flip', 'running')).toBeVisible();
  const flip = 'for i in $(seq 40); do echo suspend flip; echo resume flip; done; echo suspend flip';
  const flipping = run('sh', '-c', `(${flip}) | virsh -q -c ${place.uri}`);
  await row(page, 'still').getByTestId('node-menu').click(); // it can be worked with meanwhile
  await page.getByTestId('menu-pause').click();
  await expect(row(page, 'still', 'paused')).toBeVisible();
  await flipping;
  await lab.truth('flip', 'paused');
  await expect(row(page, 'flip', 'paused')).toBeVisible();
});

const domains = async () => (await virsh('list', '--all', '--name')).split('\n').filter(Boolean);

test.describe('libvirt is lost in the middle of', () => {
  test.beforeEach(({ tolerated }) => void tolerated.push(/Failed to load resource/));

  for (const verb of ['Start', 'Wipe', 'Delete'] as const)
    test(`${verb}: the page shows what is so`, async ({ page, lab }) => {
      await lab.create(['web-1']);
      await open(page);
      const back = await loseWithin(page, lab, verb);
      if (verb === 'Delete') await choose(page, 'web-1', 'delete');
      else await row(page, 'web-1').getByTestId(`node-${verb.toLowerCase()}`).click();
      await expect(page.getByTestId('toast')).toContainText(`Could not ${verb.toLowerCase()} web-1`);
      await back();
      await expect(row(page, 'web-1', 'stopped')).toBeVisible();
      expect(await virsh('domstate', 'web-1')).toBe('shut off');
      expect((await lab.node('web-1')).state).toBe('stopped');
    });

  test('Stop: the node goes on, and is stopped once it is asked again', async ({ page, lab }) => {
    await lab.create(['web-1'], { start: true });
    await open(page);
    const back = await loseWithin(page, lab, 'Stop');
    await row(page, 'web-1', 'running').getByTestId('node-stop').click();
    await expect(page.getByTestId('toast')).toContainText('Could not stop web-1');
    await back();
    await expect(row(page, 'web-1', 'running')).toBeVisible();
    expect(await virsh('domstate', 'web-1')).toBe('running');
    await row(page, 'web-1').getByTestId('node-stop').click();
    await lab.truth('web-1', 'shut off');
    await expect(row(page, 'web-1', 'stopped')).toBeVisible();
  });

  test('stopping: the node ends as what virsh says', async ({ page, lab }) => {
    await lab.create(['web-1'], { start: true });
    await open(page);
    await row(page, 'web-1', 'running').getByTestId('node-stop').click();
    await expect(row(page, 'web-1', 'stopping')).toBeVisible();
    const back = await lab.loseLibvirt();
    await expect(page.getByTestId('lost-banner')).toBeVisible();
    await back();
    await lab.truth('web-1', 'shut off');
    await expect(row(page, 'web-1', 'stopped')).toBeVisible();
  });

  test('Rename: it keeps its name, and what was typed is there to be tried again', async ({ page, lab }) => {
    await lab.create(['web-1']);
    await open(page);
    const back = await loseWithin(page, lab, 'Rename');
    await choose(page, 'web-1', 'rename');
    const name = page.getByTestId('rename-name');
    await name.fill('web-2');
    await name.press('Enter');
    await expect(row(page, 'web-1').getByTestId('fault')).not.toBeEmpty();
    await back();
    expect(await domains()).toEqual(['web-1']);
    await expect(name).toHaveValue('web-2');
    await name.press('Enter');
    await expect(row(page, 'web-2', 'stopped')).toBeVisible();
    expect(await domains()).toEqual(['web-2']);
  });

  test('everything else that is done to a node: it stays what it was, and nothing half made is left', async ({
    page,
    lab,
  }) => {
    const [node] = await lab.create(['web-1'], { start: true });
    await lab.create(['web-2']);
    await lab.rpc('Delete', (await lab.node('web-2')).id, false);
    await open(page);
    /** Does it as libvirt is lost, and looks at what is left. */
    const lose = async (rpc: string, play: () => Promise<void>, told: string, state: string) => {
      const back = await loseWithin(page, lab, rpc);
      await play();
      await expect(page.getByTestId(told.startsWith('Could') ? 'toast' : 'problem').last()).toContainText(
        told,
      );
      await back();
      await expect(row(page, 'web-1', state)).toBeVisible();
      expect([await virsh('domstate', 'web-1'), await domains()]).toEqual([
        state === 'stopped' ? 'shut off' : state,
        ['web-1'],
      ]);
    };
    const dialog = async (action: string) => {
      await choose(page, 'web-1', action);
      await page.getByTestId(`${action}-submit`).click();
    };
    await lose('Pause', () => choose(page, 'web-1', 'pause'), 'Could not pause web-1', 'running');
    await lose('Reboot', () => choose(page, 'web-1', 'reboot'), 'Could not reboot web-1', 'running');
    await lose('ForceOff', () => dialog('forceOff'), 'libvirt', 'running');
    await page.getByTestId('forceOff-cancel').click();
    await lose('Clone', () => dialog('clone'), 'libvirt', 'running');
    await page.getByTestId('clone-cancel').click();
    await virsh('suspend', 'web-1');
    await lose(
      'Resume',
      () => row(page, 'web-1', 'paused').getByTestId('node-resume').click(),
      'Could not resume web-1',
      'paused',
    );
    await lab.rpc('ForceOff', node?.id);
    await lab.state('web-1', 'stopped');
    await lab.rpc('Wipe', node?.id);
    await expect.poll(async () => (await lab.node('web-1')).generation).toBe(2);
    await lose(
      'UndoWipe',
      () => choose(page, 'web-1', 'undo'),
      'Could not undo the wipe of web-1',
      'stopped',
    );
    expect((await lab.node('web-1')).generation).toBe(2);
    await page.getByTestId('nav-activity').click();
    const restore = page.getByTestId('restore');
    const back = await loseWithin(page, lab, 'Restore');
    await restore.click();
    await expect(page.getByTestId('toast').last()).toContainText('Could not restore web-2');
    await back();
    expect(await domains()).toEqual(['web-1']);
    await restore.click();
    await lab.truth('web-2', 'shut off');
  });

  test('Create: nothing half made stays, and what was typed is there to be tried again', async ({
    page,
    lab,
  }) => {
    await lab.create(['web-1']);
    await open(page);
    const back = await loseWithin(page, lab, 'Create');
    await openCreate(page, 'web-2');
    await page.getByTestId('create-memory').fill('80');
    await page.getByTestId('create-start').uncheck();
    await page.getByTestId('create-submit').click();
    await expect(page.getByTestId('problem')).toBeVisible();
    await back();
    expect(await domains()).toEqual(['web-1']);
    expect((await lab.nodes()).map(({ name }) => name)).toEqual(['web-1']);
    await expect(page.getByTestId('create-name')).toHaveValue('web-2');
    await expect(page.getByTestId('create-memory')).toHaveValue('80');
    await page.getByTestId('create-submit').click();
    await expect(row(page, 'web-2', 'stopped')).toBeVisible();
    expect(await domains()).toEqual(['web-1', 'web-2']);
  });
});
