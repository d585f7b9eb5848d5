import { expect, test } from 'vitest';
import { beyond, overcommit, promised } from './capacity';
import type { Host, Node, State } from './lab';

const host = { cpus: 2, memoryMiB: 8192, freeMiB: 2048 } as Host;
const node = (state: State, memoryMiB: number) => ({ state, memoryMiB }) as Node;
const wanted = (memoryMiB: number) => ({ vcpus: 1, memoryMiB });

test('nodes with a process count, whatever they do; others do not', () => {
  const states: State[] = ['running', 'paused', 'starting', 'stopping', 'stopped', 'failed', 'missing'];
  expect(promised(states.map((state, n) => node(state, 1 << n)))).toBe(0b1111);
});

test.each([
  ['what is free is enough', 2048, 1, ''],
  ['more than is free', 2049, 1, '2.0 GiB are free now'],
  [
    'several together are more than is free',
    1024,
    3,
    '3 nodes with 3.0 GiB together: only 2.0 GiB are free now',
  ],
  ['beside what runs it is just all of the host', 2048, 2, '2.0 GiB are free now'],
  ['beside what runs it is more than the host has', 1025, 4, 'more than the host’s 8.0 GiB'],
])('%s', (_, memoryMiB, count, want) => {
  const warning = overcommit(host, [node('running', 4096)], wanted(memoryMiB), count);
  if (want) expect(warning).toContain(want);
  else expect(warning).toBe('');
});

test('an unknown host and an emptied field warn of nothing', () => {
  expect(overcommit(undefined, [], wanted(1 << 20))).toBe('');
  expect(overcommit(host, [], wanted(null as unknown as number))).toBe('');
});

test('what the host can not give', () => {
  expect(beyond(host, { vcpus: 2, memoryMiB: 8192 })).toBe('');
  expect(beyond(host, { vcpus: 3, memoryMiB: 512 })).toBe('The host has 2 CPUs.');
  expect(beyond(host, { vcpus: 1, memoryMiB: 8193 })).toBe('The host has 8.0 GiB of memory.');
  expect(beyond(undefined, { vcpus: 300, memoryMiB: 512 })).toBe('');
});
