import { expect, test } from 'vitest';
import type { Migration, MoveStatus } from './lab';
import { going, migrationLines, toCome, verdict } from './migration';

const node = (name: string, status: MoveStatus) => ({
  id: name,
  name,
  image: 'tiny',
  bytes: 1024,
  virtualBytes: 4096,
  vcpus: 2,
  memoryMiB: 512,
  status,
});

const migration = (status: string, ...nodes: ReturnType<typeof node>[]) =>
  ({
    dir: '/p',
    file: '/p/nodes-state.json',
    status,
    images: [
      {
        file: 'tiny.qcow2',
        path: '/p/images/tiny.qcow2',
        name: 'tiny',
        bytes: 2048,
        virtualBytes: 4096,
        status: 'here',
      },
    ],
    nodes,
    needBytes: 3072,
    freeBytes: 1 << 30,
    bytes: 3072,
    doneBytes: 0,
  }) as unknown as Migration;

test('the lines are the images and the nodes', () => {
  const lines = migrationLines(migration('planned', node('web', 'ready')));
  expect(lines.map(({ name, facts }) => `${name}: ${facts}`)).toEqual([
    'tiny: tiny.qcow2 · 2.0 KiB',
    'web: tiny · 2 vCPUs, 512 MiB · 1.0 KiB',
  ]);
});

test('what came of it is said by how many there are', () => {
  expect(verdict(migration('planned', node('a', 'ready')))).toBe(
    'It takes 3.0 KiB at most; 1.0 GiB are free on the disk of the pool.',
  );
  expect(verdict(migration('planned', node('a', 'wrong')))).toBe('There is no node that could come over.');
  expect(verdict(migration('done', node('a', 'done'), node('b', 'here')))).toBe('1 node came over.');
  expect(verdict(migration('done', node('a', 'here')))).toBe('All of its nodes were here already.');
  expect(verdict(migration('failed', node('a', 'wrong'), node('b', 'failed')))).toBe(
    '2 nodes could not come over.',
  );
  expect(verdict(migration('cancelled', node('a', 'done'), node('b', 'ready')))).toBe(
    'Cancelled; 1 node is here.',
  );
});

test('what is just coming is named', () => {
  expect(going(migration('running', node('a', 'done'), node('b', 'going')))).toBe('b');
  expect(going(migration('running'))).toBe('');
  expect(toCome(migration('planned', node('a', 'ready'), node('b', 'here')))).toBe(1);
});
