import { expect, test } from 'vitest';
import { arrange, layoutOf, put, reorder, shift } from './panes';

test('panes show what was used last, and nothing moves without need', () => {
  expect(arrange([], 1, ['a', 'b'])).toEqual(['a']);
  expect(arrange(['a'], 2, ['a', 'b', 'c'])).toEqual(['a', 'b']);
  expect(arrange(['a', 'b'], 2, ['c', 'b', 'a'])).toEqual(['c', 'b']);
  expect(arrange(['a', 'b'], 2, ['b', 'a'])).toEqual(['a', 'b']);
  expect(arrange(['a', 'b', 'c', 'd'], 2, ['d', 'a', 'b', 'c'])).toEqual(['a', 'd']);
});

test('a closed console leaves its pane to the next, or empty', () => {
  expect(arrange(['a', 'b'], 2, ['a', 'c'])).toEqual(['a', 'c']);
  expect(arrange(['a', 'b'], 2, ['b'])).toEqual(['', 'b']);
});

test('what is put into a pane changes places', () => {
  expect(put(['a', 'b', '', ''], 'a', 1)).toEqual(['b', 'a', '', '']);
  expect(put(['a', 'b', '', ''], 'a', 3)).toEqual(['', 'b', '', 'a']);
  expect(put(['a', 'b'], 'c', 0)).toEqual(['c', 'b']);
});

test('tabs are moved', () => {
  expect(reorder(['a', 'b', 'c'], 'c', 'a')).toEqual(['c', 'a', 'b']);
  expect(reorder(['a', 'b', 'c'], 'a')).toEqual(['b', 'c', 'a']);
  expect(reorder(['a', 'b', 'c'], 'a', 'gone')).toEqual(['a', 'b', 'c']);
  expect(shift(['a', 'b', 'c'], 'b', -1)).toEqual(['b', 'a', 'c']);
  expect(shift(['a', 'b', 'c'], 'a', -1)).toEqual(['a', 'b', 'c']);
});

test('an unknown layout is one pane', () => {
  expect([layoutOf('4'), layoutOf(''), layoutOf('3')]).toEqual([4, 1, 1]);
});
