import { createServer, type Server, type ServerResponse } from 'node:http';
import { createReadStream, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import type { Image } from '../src/lib/lab';
import { choose, expect, open, row, test } from './fixtures';
import { Guest } from './guest';
import type { Lab } from './lab';
import { place, run, virsh } from './place';

const imageRow = (page: Page, name: string) => page.locator(`[data-testid=image-row][data-name="${name}"]`);

const images = (lab: Lab) => lab.rpc<Image[]>('Images');

const ready = (lab: Lab, name: string) =>
  expect
    .poll(async () => (await images(lab)).find((image) => image.name === name)?.state, { timeout: 60_000 })
    .toBe('ready');

/** A file of the tiny guest's disk in another format, made by the place's user. */
async function converted(format: string, name: string): Promise<string> {
  const path = `${place.dir}/tmp/${name}`;
  await run('qemu-img', 'convert', '-O', format, place.image, path);
  return path;
}

async function addByHand(page: Page, source: string): Promise<void> {
  await page.getByTestId('image-add').click();
  await page.getByTestId('image-path').fill(source);
}

test.beforeEach(({ lab }) => lab.clear());
test.afterEach(async ({ lab }) => {
  await lab.clear();
  for (const { name } of await images(lab)) if (name !== 'tiny') await lab.rpc('RemoveImage', name);
});

test('a disk in another format is looked at, named, added, and boots', async ({ page, lab }) => {
  const path = await converted('vmdk', 'Appliance disk.vmdk');
  await open(page, '#/images');
  await addByHand(page, path);
  await expect(page.getByTestId('probe')).toContainText('vmdk');
  await expect(page.getByTestId('probe')).toContainText('a disk of 256 MiB');
  await expect(page.getByTestId('image-name')).toHaveValue('Appliance-disk');
  await page.getByTestId('image-name').fill('appliance');
  await page.getByTestId('image-more').locator('summary').click();
  await page.getByTestId('image-memory').fill('96');
  await page.getByTestId('image-submit').click();
  await ready(lab, 'appliance');
  await expect(imageRow(page, 'appliance')).toContainText('converted from vmdk');
  expect((await images(lab)).find(({ name }) => name === 'appliance')?.defaults.memoryMiB).toBe(96);
  await lab.create(['from-vmdk'], { image: 'appliance', start: true });
  await lab.booted('from-vmdk');
});

test('what can not become an image says so before it is added, and the dialog stays', async ({
  page,
  tolerated,
}) => {
  tolerated.push(/Failed to load resource/); // the refusal
  await run(
    'sh',
    '-c',
    `qemu-img create -q -f qcow2 -b /etc/shadow -F raw -u ${place.dir}/tmp/shadow.qcow2 1M`,
  );
  await open(page, '#/images');
  await addByHand(page, `${place.dir}/tmp/shadow.qcow2`);
  await expect(page.getByTestId('probe')).toContainText('backing file');
  await expect(page.getByTestId('image-submit')).toHaveAttribute('aria-disabled', 'true');
  await page.getByTestId('image-path').fill('relative.qcow2');
  await expect(page.getByTestId('image-submit')).toHaveAccessibleDescription(/full path/);
  await page.getByTestId('image-path').fill('https://example.org/disk.img.xz');
  await expect(page.getByTestId('image-name')).toHaveValue('disk');
  await page.getByTestId('image-sum').fill('abc');
  await expect(page.getByTestId('image-submit')).toHaveAccessibleDescription(/64 or 128 digits/);
});

/** Serves the tiny image, slowly enough to be seen, and whatever else is asked for not at all. */
async function serveTiny(): Promise<{ address: string; server: Server }> {
  const server = createServer((request, response) => {
    if (request.url?.endsWith('tiny.qcow2')) void sendSlowly(response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function sendSlowly(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-length': statSync(place.image).size });
  for await (const part of createReadStream(place.image, { highWaterMark: 1 << 20 })) {
    response.write(part);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
  response.end();
}

test('an image is downloaded with its progress, can be cancelled, and a failure can be dismissed', async ({
  page,
  lab,
}) => {
  const { address, server } = await serveTiny();
  try {
    await open(page, '#/images');
    await addByHand(page, `${address}/tiny.qcow2`);
    await page.getByTestId('image-name').fill('pulled');
    await page.getByTestId('image-submit').click();
    const pulled = imageRow(page, 'pulled');
    await expect(pulled.getByTestId('image-step')).toContainText('Downloading');
    await pulled.getByTestId('image-cancel').click();
    await expect(pulled).toHaveCount(0);
    await addByHand(page, `${address}/tiny.qcow2`);
    await page.getByTestId('image-name').fill('pulled');
    await page.getByTestId('image-submit').click();
    await ready(lab, 'pulled');
    await expect(pulled.getByTestId('image-twins')).toContainText('Same as tiny');
    await addByHand(page, `${address}/absent.qcow2`);
    await page.getByTestId('image-submit').click();
    await expect(imageRow(page, 'absent')).toHaveAttribute('data-state', 'adding');
    await expect(page.getByTestId('image-problem')).toContainText('404');
    await imageRow(page, 'absent').getByTestId('image-cancel').click();
    await expect(imageRow(page, 'absent')).toHaveCount(0);
  } finally {
    server.close();
  }
});

/** What is dragged: a file as the tiny image is. */
async function dragged(page: Page) {
  const content = (await run('base64', '-w0', place.image)).toString();
  return page.evaluateHandle((text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'dropped.qcow2'));
    return transfer;
  }, content);
}

const sent = () => run('sh', '-c', `find ${place.dir} -name dropped.qcow2 | wc -l`);

test('a file that is dropped on the page is looked at, and added', async ({ page, lab }) => {
  await open(page);
  const files = await dragged(page);
  await page.dispatchEvent('main', 'dragenter', { dataTransfer: files });
  await expect(page.getByTestId('drop-cover')).toContainText('Drop it');
  await page.dispatchEvent('main', 'drop', { dataTransfer: files });
  await expect(page.getByTestId('probe')).toContainText('qcow2');
  await expect(page.getByTestId('image-name')).toHaveValue('dropped');
  await page.getByTestId('image-submit').click();
  await ready(lab, 'dropped');
  await expect(imageRow(page, 'dropped')).toBeVisible();
  await expect.poll(sent).toBe('0');
});

test('a dropped file that is not wanted after all is gone', async ({ page, context }) => {
  await open(page);
  const files = await dragged(page);
  await page.dispatchEvent('main', 'drop', { dataTransfer: files });
  await expect(page.getByTestId('probe')).toContainText('qcow2');
  expect(await sent()).toBe('1');
  await page.keyboard.press('Escape');
  await expect.poll(sent).toBe('0');

  const slow = await context.newCDPSession(page);
  await slow.send('Network.enable');
  await slow.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 100_000,
  });
  await page.dispatchEvent('main', 'drop', { dataTransfer: files });
  await page.getByTestId('drop-cancel').click();
  await expect(page.getByTestId('drop-cover')).toHaveCount(0);
  await expect(page.getByTestId('image-path')).toHaveCount(0);
  await expect.poll(sent).toBe('0');
});

test('the details of an image tell who stands on it, and what its nodes get is changed there', async ({
  page,
  lab,
}) => {
  const [node] = await lab.create(['web-1']);
  await open(page, '#/images');
  await imageRow(page, 'tiny').getByTestId('image-open').press('Enter');
  const details = page.getByTestId('image-details');
  await expect(details).toBeFocused();
  const volume = (await images(lab)).find(({ name }) => name === 'tiny');
  await expect(details).toContainText(volume?.sha256 ?? '?');
  expect(await virsh('vol-info', volume?.path ?? '?')).toContain('256.00 MiB');
  await details.getByTestId('defaults-vcpus').fill('2');
  await details.getByTestId('defaults-save').click();
  await expect
    .poll(async () => (await images(lab)).find(({ name }) => name === 'tiny')?.defaults.vcpus)
    .toBe(2);
  await lab.rpc('ChangeImage', 'tiny', {});
  await page.keyboard.press('Escape');
  await expect(details).toHaveCount(0);
  await expect(imageRow(page, 'tiny').getByTestId('image-open')).toBeFocused();
  await page.goto(`/#/images/tiny`);
  await details.getByRole('link', { name: 'web-1' }).click();
  await expect(page).toHaveURL(new RegExp(`#/nodes/${node?.id}`));
  await expect(row(page, 'web-1')).toBeVisible();
});

test('an image of the catalogue is found, downloaded, and makes a node', async ({ page, lab }) => {
  const { address, server } = await serveTiny();
  const sum = (await run('sha256sum', place.image)).split(' ')[0];
  const own = `[[image]]
id = "tiny-local"
title = "Tiny"
version = "1"
arch = "x86_64"
group = "Linux"
home = "https://example.org/"
licence = "Free software."
addresses = ["${address}/tiny.qcow2"]
sum = "${sum}"
kind = "base"
format = "qcow2"
memory_mib = 96
`;
  const file = `${place.dir}/data/sandboxlabs/catalogue.toml`;
  await run('sh', '-c', `printf '%s' "$0" >"${file}"`, own);
  try {
    await open(page, '#/images?show=catalogue');
    await expect(page.getByTestId('entry').filter({ hasText: 'Debian' }).first()).toBeVisible();
    await page.getByTestId('search').fill('tiny');
    const entry = page.locator('[data-testid=entry][data-name=tiny-local]');
    await expect(page.getByTestId('entry')).toHaveCount(1);
    await entry.getByTestId('entry-pull').click();
    await expect(entry.getByRole('progressbar')).toBeVisible();
    await expect(entry).toHaveAttribute('data-state', 'ready', { timeout: 30_000 });
    await entry.getByTestId('entry-node').click();
    await expect(page.getByTestId('create-memory')).toHaveValue('96');
    await page.getByTestId('create-name').fill('of-the-catalogue');
    await page.getByTestId('create-start').uncheck();
    await page.getByTestId('create-submit').click();
    await expect(page.getByTestId('create-dialog')).toHaveCount(0);
    expect((await lab.node('of-the-catalogue')).image).toBe('tiny-local');
    await run('sh', '-c', `printf 'colour = 1\n' >"${file}"`);
    await page.goto('/#/images?show=catalogue');
    await page.reload();
    await expect(page.getByTestId('problem')).toContainText('catalogue.toml');
    await expect(page.getByTestId('entry').filter({ hasText: 'Debian' }).first()).toBeVisible();
  } finally {
    await run('rm', '-f', file);
    server.close();
  }
});

test('an image is renamed with a node on it, verified, and what no node uses is removed', async ({
  page,
  lab,
}) => {
  await lab.rpc('AddImage', { name: 'spare', path: place.image });
  await ready(lab, 'spare');
  await lab.create(['web-1'], { image: 'spare' });
  await open(page, '#/images/spare');
  const details = page.getByTestId('image-details');
  const pick = async (item: string) => {
    await details.getByTestId('image-menu').click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await pick('Rename');
  await page.getByTestId('rename-image-name').fill('kept');
  await page.getByTestId('rename-image-submit').click();
  await expect(details).toHaveAttribute('data-name', 'kept');
  await expect.poll(async () => (await lab.node('web-1')).image).toBe('kept');
  await pick('Verify');
  await page.getByTestId('nav-activity').click();
  await expect(page.getByTestId('activity-row').filter({ hasText: 'Verify image kept' })).toHaveAttribute(
    'data-outcome',
    'done',
  );
  await lab.rpc('Start', (await lab.node('web-1')).id);
  await lab.state('web-1', 'running');
  await lab.clear();
  await page.getByTestId('nav-images').click();
  await page.getByTestId('images-prune').click();
  await expect(page.getByTestId('prune-submit')).toHaveAttribute('aria-disabled', 'true');
  await page.locator('[data-testid=prune-item][data-name=kept]').check();
  await page.getByTestId('prune-submit').click();
  await expect(imageRow(page, 'kept')).toHaveCount(0);
  await expect(imageRow(page, 'tiny')).toBeVisible();
});

test('the disk of a node becomes an image, from which another node starts', async ({ page, lab }) => {
  await lab.boot('made');
  const guest = await Guest.listen('made');
  await guest.type('echo letter >/root/letter; sync; echo wrote-$((40+2))');
  await guest.hear('wrote-42');
  await guest.close();
  await lab.rpc('Stop', (await lab.node('made')).id);
  await lab.truth('made', 'shut off');
  await lab.state('made', 'stopped');
  await open(page);
  await choose(page, 'made', 'publish');
  await page.getByTestId('publish-name').fill('with-letter');
  await page.getByTestId('publish-submit').click();
  await ready(lab, 'with-letter');
  await page.getByTestId('nav-images').click();
  await expect(imageRow(page, 'with-letter')).toContainText('Made of the node made, on tiny');
  await lab.create(['copy'], { image: 'with-letter', start: true });
  await lab.booted('copy');
  const copy = await Guest.listen('copy');
  await copy.type('cat /root/letter');
  await copy.hear('\nletter');
  await copy.close();
});

test('of an installer’s ISO a node is made with an empty disk, and the ISO is taken out of its drive', async ({
  page,
  lab,
}) => {
  // What an ISO that boots is told by; that one does is shown by another test.
  const iso = `${place.dir}/tmp/installer.iso`;
  await run(
    'sh',
    '-c',
    `truncate -s 1M "$0"
put() { printf "$1" | dd of="$2" bs=1 seek="$3" conv=notrunc status=none; }
put '\\001CD001' "$0" 32768; put '\\000CD001\\001EL TORITO SPECIFICATION' "$0" 34816; put '\\377CD001' "$0" 36864`,
    iso,
  );
  await open(page, '#/images');
  await addByHand(page, iso);
  await expect(page.getByTestId('probe')).toContainText('Installer (ISO)');
  await page.getByTestId('image-submit').click();
  await ready(lab, 'installer');
  await imageRow(page, 'installer').getByTestId('image-create-node').click();
  await page.getByTestId('create-name').fill('fresh');
  await expect(page.getByTestId('create-disk')).toHaveValue('20');
  await page.getByTestId('create-disk').fill('2');
  await page.getByTestId('create-memory').fill('96');
  await page.getByTestId('create-start').uncheck();
  await page.getByTestId('create-submit').click();
  await expect(page.getByTestId('create-dialog')).toHaveCount(0);
  const node = await lab.node('fresh');
  expect([node.image, node.base, node.diskBytes]).toEqual(['installer', '', 2 * 2 ** 30]);
  expect(await virsh('domblklist', 'fresh')).toContain('installer.');
  await expect(imageRow(page, 'installer').getByTestId('image-users')).toHaveText('1 node');
  await page.goto(`/#/nodes/${node.id}/resources`);
  await page.getByTestId('resources-medium').selectOption('');
  await expect.poll(async () => (await lab.node('fresh')).medium).toBeFalsy();
  expect(await virsh('domblklist', 'fresh')).not.toContain('installer.');
});

test('a first boot is asked for where cloud-init is, and no password is kept', async ({ page, lab }) => {
  await lab.rpc('ChangeImage', 'tiny', { cloudInit: true, user: 'lab' });
  try {
    await open(page);
    await page.getByTestId('create-open').click();
    await page.getByTestId('create-name').fill('seeded');
    await page.getByTestId('create-memory').fill('96');
    await page.getByTestId('create-start').uncheck();
    await page.getByTestId('create-firstboot').locator('summary').click();
    await page.getByTestId('create-user').fill('Ann');
    await expect(page.getByTestId('create-submit')).toHaveAccessibleDescription(/lower-case/);
    await page.getByTestId('create-user').fill('ann');
    await page.getByTestId('create-password').fill('correct horse');
    await page.getByTestId('create-packages').fill('git curl');
    await page.getByTestId('create-submit').click();
    await expect(page.getByTestId('create-dialog')).toHaveCount(0);
    const { id, firstBoot } = await lab.node('seeded');
    expect([firstBoot?.user, firstBoot?.packages]).toEqual(['ann', ['git', 'curl']]);
    expect(await virsh('domblklist', 'seeded')).toContain(`${id}.1.seed.iso`);
    expect(JSON.stringify(await lab.node('seeded')) + (await virsh('dumpxml', 'seeded'))).not.toContain(
      'correct horse',
    );
  } finally {
    await lab.rpc('ChangeImage', 'tiny', {});
  }
});
