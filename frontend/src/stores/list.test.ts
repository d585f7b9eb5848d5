import { beforeEach, expect, test, vi } from 'vitest';
import './list.svelte'; // compiled before a test has to wait for it

const kept = vi.hoisted(() => {
  const location = { hash: '' };
  const replaceState = (_state: unknown, _title: string, hash: string) => (location.hash = hash);
  Object.assign(globalThis, { location, history: { replaceState }, addEventListener: () => undefined });
  return new Map<string, string>();
});
vi.mock('./preferences.svelte', () => ({
  preferences: { get: (key: string) => kept.get(key) ?? '', set: kept.set.bind(kept) },
}));

let list: typeof import('./list.svelte').list;
let view: typeof import('./view.svelte').view;

/** Starts the page anew: all that is left is what was kept. */
async function begin(): Promise<void> {
  vi.resetModules();
  location.hash = '';
  ({ list } = await import('./list.svelte'));
  ({ view } = await import('./view.svelte'));
  visit('nodes');
}

/** Brings an address to the front, where the nodes then tell what they show. */
function visit(screen: 'nodes' | 'images', asked = ''): void {
  view.show(screen);
  view.ask(Object.fromEntries(new URLSearchParams(asked)));
  if (screen === 'nodes') list.tell();
}

function search(q: string): void {
  list.search(q);
  vi.runAllTimers();
}

beforeEach(async () => {
  vi.useFakeTimers();
  kept.clear();
  await begin();
});

test('a search holds at once, and is in the address once it rests', () => {
  list.search('web');
  expect([list.filter.q, location.hash]).toEqual(['web', '#/nodes']);
  vi.runAllTimers();
  expect([list.filter.q, location.hash]).toEqual(['web', '#/nodes?q=web']);
});

test('what is asked for holds until the program ends, however the screen was left', () => {
  search('web');
  list.toggleState('running');
  visit('images');
  visit('nodes');
  expect(list.filter).toEqual({ q: 'web', states: ['running'], image: '' });
  expect(location.hash).toBe('#/nodes?q=web&state=running');
});

test('a search that comes to rest on another screen is told when the nodes are back', () => {
  list.search('web');
  visit('images');
  vi.runAllTimers();
  expect(location.hash).toBe('#/images');
  visit('nodes');
  expect(location.hash).toBe('#/nodes?q=web');
});

test('the next start finds the filters again, without what was searched for', async () => {
  search('web');
  list.toggleState('running');
  list.ofImage('tiny');
  list.choose('view', 'table');
  await begin();
  expect(list.filter).toEqual({ q: '', states: ['running'], image: 'tiny' });
  expect(list.view).toBe('table');
});

test('an address with one filter has no other, and what it asks for is not kept', () => {
  list.toggleState('running');
  search('web');
  visit('nodes', 'image=tiny&sort=age');
  expect(list.filter).toEqual({ q: '', states: [], image: 'tiny' });
  visit('images');
  visit('nodes');
  expect([list.filter.image, list.sort]).toEqual(['tiny', 'age']);
  expect(kept.get('nodes.filter')).toBe('state=running');
  expect(kept.has('nodes.sort')).toBe(false);
});

test('what is cleared stays cleared', () => {
  search('web');
  list.toggleState('running');
  list.clearFilters();
  expect([list.filtering, location.hash]).toEqual([false, '#/nodes']);
  visit('images');
  visit('nodes');
  expect([list.filtering, location.hash]).toEqual([false, '#/nodes']);
});
