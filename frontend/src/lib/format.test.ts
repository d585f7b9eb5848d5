import { expect, test } from 'vitest';
import { bytes, elapsed, memory, moment, plural, since, diskUse } from './format';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KiB'],
  [196 * 1024, '196 KiB'],
  [9.96 * 1024, '10 KiB'],
  [1023.9 * 1024, '1.0 MiB'],
  [3.2 * 1024 ** 2, '3.2 MiB'],
  [12 * 1024 ** 3, '12 GiB'],
])('bytes(%d)', (count, want) => expect(bytes(count)).toBe(want));

test.each([
  [-1, '0:00'],
  [7_900, '0:07'],
  [760_000, '12:40'],
  [7_500_000, '125:00'],
])('elapsed(%d)', (ms, want) => expect(elapsed(ms)).toBe(want));

test.each([
  [256, '256 MiB'],
  [1024, '1 GiB'],
  [1536, '1.5 GiB'],
  [1100, '1100 MiB'],
])('memory(%d)', (count, want) => expect(memory(count)).toBe(want));

const now = new Date(2026, 10, 23, 16, 0).getTime();
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();

test('moment names the day unless it is today', () => {
  expect(moment(ago(60), now)).toBe('15:00');
  expect(moment(ago(48 * 60), now)).toBe('21 Nov 16:00');
});

test.each([
  [0.5, 'under a minute'],
  [12, '12 min'],
  [60, '1 h'],
  [47 * 60, '1 d'],
])('since %d minutes', (minutes, want) => expect(since(ago(minutes), now)).toBe(want));

test('plural', () =>
  expect([plural(1, ['# node', '# nodes']), plural(2000, ['# node on {0}', '# nodes on {0}'], 'a')]).toEqual([
    '1 node',
    '2,000 nodes on a',
  ]));

test('a disk is told with what it saves, if that is known', () => {
  expect(diskUse(196 * 1024, 412 * 1024 ** 2)).toBe('196 KiB, saves 412 MiB');
  expect(diskUse(196 * 1024, undefined)).toBe('196 KiB');
});
