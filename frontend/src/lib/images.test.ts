import { expect, test } from 'vitest';
import { careOf, defaultsLine, isAddress, left, originLine, sourceFault, stepLine, sumFault } from './images';
import type { Defaults, Image } from './lab';

test.each([
  ['', 'Give a file'],
  ['disk.qcow2', 'full path'],
  ['~/disk.qcow2', 'full path'],
  ['ftp://example.org/disk', 'https://'],
  ['file:///disk', 'https://'],
  ['/srv/disk.qcow2', ''],
  [' https://example.org/disk.qcow2 ', ''],
])('of the source %j it is said %j', (source, want) =>
  want ? expect(sourceFault(source)).toContain(want) : expect(sourceFault(source)).toBe(''),
);

test('an address is told from a path', () => {
  expect(['https://a.example/x', 'HTTP://a.example/x', '/https://x', 'httpsx'].map(isAddress)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('a checksum has as many digits as SHA-256 or SHA-512', () => {
  expect([sumFault(''), sumFault('a'.repeat(64)), sumFault('A'.repeat(128))]).toEqual(['', '', '']);
  expect(sumFault('a'.repeat(40))).not.toBe('');
  expect(sumFault('g'.repeat(64))).not.toBe('');
});

const step = (step: unknown) => ({ step }) as Image;

test('a step tells its rate and what is left, as far as that is known', () => {
  expect(stepLine(step(undefined))).toBe('Beginning');
  expect(stepLine(step({ name: 'downloading', done: 0, total: 0, rate: 0 }))).toBe('Downloading');
  const half = { name: 'downloading', done: 60 << 20, total: 120 << 20, rate: 1 << 20 };
  expect(stepLine(step(half))).toBe('Downloading, 1.0 MiB/s, 1 min left');
  expect(stepLine(step({ ...half, total: 0 }))).toBe('Downloading, 1.0 MiB/s');
});

test.each([
  [0.2, '1 s'],
  [59, '59 s'],
  [90, '2 min'],
  [5400, '1.5 h'],
])('%d seconds are %s', (seconds, want) => expect(left(seconds)).toBe(want));

test.each([
  [{ kind: 'file', of: 'disk.vmdk', format: 'vmdk' }, 'From disk.vmdk, converted from vmdk'],
  [{ kind: 'address', of: 'https://example.org/a/disk.qcow2' }, 'From example.org'],
  [{ kind: 'node', of: 'web-1', base: 'debian-12' }, 'Made of the node web-1, on debian-12'],
  [{ kind: 'found' }, 'Found in the pool'],
])('%j is told', (origin, want) => expect(originLine({ origin } as unknown as Image)).toBe(want));

test('defaults are told as far as there are any', () => {
  const of = (defaults: object) => defaultsLine(defaults as Defaults);
  expect([of({}), of({ vcpus: 2 }), of({ memoryMiB: 2048, firmware: 'uefi' })]).toEqual([
    '',
    '2 vCPUs',
    '2 GiB, UEFI',
  ]);
  expect(of({ vcpus: 1, memoryMiB: 512, tpm: true, cloudInit: true })).toBe(
    '1 vCPU, 512 MiB, TPM, cloud-init',
  );
});

test('what is offered for an image follows its state and its nodes', () => {
  const image = (changes: object) =>
    ({ kind: 'base', state: 'ready', compression: 'none', ...changes }) as unknown as Image;
  const allowed = (changes: object) =>
    careOf(image(changes))
      .filter(({ blocked }) => !blocked)
      .map(({ action }) => action);
  expect(allowed({})).toEqual(['verify', 'compress', 'grow', 'rename', 'remove']);
  expect(allowed({ usedBy: ['web-1'] })).toEqual(['verify', 'rename', 'remove']);
  expect(allowed({ compression: 'zstd' })).toEqual(['verify', 'grow', 'rename', 'remove']);
  expect(allowed({ state: 'changed' })).toEqual(['verify', 'rename', 'remove']);
  expect(allowed({ step: { name: 'verifying' } })).toEqual([]);
  expect(allowed({ kind: 'medium' })).toEqual(['verify', 'rename', 'remove']);
});
