import { expect, test } from 'vitest';
import { listKey } from './listkeys';

const held = (key: string, more: object = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  ...more,
});
const node = { inside: true, onControl: false };
const button = { inside: true, onControl: true };
const screen = { inside: false, onControl: false };

test.each([
  ['Enter', 'console'],
  [' ', 'toggle'],
  ['F2', 'rename'],
  ['Delete', 'delete'],
  ['d', 'details'],
  ['Escape', 'none'],
  ['PageDown', 'move'],
  ['x', undefined],
])('on a node %s asks for %s', (key, want) => expect(listKey(held(key), node)).toBe(want));

test('a button knows Space and Enter itself', () => {
  expect(listKey(held('Enter'), button)).toBeUndefined();
  expect(listKey(held(' '), button)).toBeUndefined();
  expect(listKey(held('Delete'), button)).toBe('delete');
});

test('the screen alone moves, selects all and none', () => {
  expect(listKey(held('Delete'), screen)).toBeUndefined();
  expect(listKey(held('Home'), screen)).toBe('move');
  expect(listKey(held('a', { ctrlKey: true }), screen)).toBe('all');
});

test('Alt with Enter opens the details', () =>
  expect(listKey(held('Enter', { altKey: true }), node)).toBe('details'));
test('other keys with Ctrl are not of the list', () =>
  expect(listKey(held('Home', { ctrlKey: true }), node)).toBeUndefined());
