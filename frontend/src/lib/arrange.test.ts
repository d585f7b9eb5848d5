import { describe, expect, test } from 'vitest';
import { arrange, isFiltering, turnsOnState, type Filter } from './arrange';
import type { Node } from './lab';

const node = (name: string, state: string, image: string, createdAt: string, notes = '') =>
  ({ id: name, name, state, image, createdAt, notes }) as Node;

const nodes = [
  node('a', 'stopped', 'tiny', '2026-01-03T00:00:00Z'),
  node('b', 'running', 'debian-12', '2026-01-01T00:00:00Z', 'front end'),
  node('c', 'failed', 'tiny', '2026-01-02T00:00:00Z'),
  node('d', 'running', 'debian-2', '2026-01-02T00:00:00.5Z'),
];
const all: Filter = { q: '', states: [], image: '' };
const ids = (filter: Filter, sort: Parameters<typeof arrange>[3] = 'name') =>
  arrange(nodes, filter, 'none', sort).flatMap((section) => section.ids);

describe('sorts', () => {
  test('by name as they come', () => expect(ids(all)).toEqual(['a', 'b', 'c', 'd']));
  test('by state, what runs first', () => expect(ids(all, 'state')).toEqual(['b', 'd', 'c', 'a']));
  test('by image as people do', () => expect(ids(all, 'image')).toEqual(['d', 'b', 'a', 'c']));
  test('by age, the newest first', () => expect(ids(all, 'age')).toEqual(['a', 'd', 'c', 'b']));
});

describe('filters', () => {
  test.each<[Partial<Filter>, string[]]>([
    [{ q: ' FRONT ' }, ['b']],
    [{ q: 'debian' }, ['b', 'd']],
    [{ states: ['running', 'failed'] }, ['b', 'c', 'd']],
    [{ image: 'tiny' }, ['a', 'c']],
    [{ image: 'tiny', states: ['failed'], q: 'c' }, ['c']],
    [{ q: 'nothing' }, []],
  ])('%o', (filter, want) => expect(ids({ ...all, ...filter })).toEqual(want));

  test('blanks alone filter nothing', () => expect(isFiltering({ ...all, q: '  ' })).toBe(false));
});

describe('groups', () => {
  test('by state, each sorted', () =>
    expect(arrange(nodes, all, 'state', 'age')).toEqual([
      { title: 'running', ids: ['d', 'b'] },
      { title: 'failed', ids: ['c'] },
      { title: 'stopped', ids: ['a'] },
    ]));
  test('by image', () =>
    expect(arrange(nodes, all, 'image', 'name').map(({ title }) => title)).toEqual([
      'debian-2',
      'debian-12',
      'tiny',
    ]));
  test('a change of state matters only where one looks at it', () => {
    expect(turnsOnState(all, 'image', 'age')).toBe(false);
    expect(turnsOnState(all, 'state', 'name')).toBe(true);
    expect(turnsOnState(all, 'none', 'state')).toBe(true);
    expect(turnsOnState({ ...all, states: ['running'] }, 'none', 'name')).toBe(true);
  });
});
