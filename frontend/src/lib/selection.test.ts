import { describe, expect, test } from 'vitest';
import { clicked, lassoed, nothing, toggled, type Held, type Selection } from './selection';

const ids = ['a', 'b', 'c', 'd', 'e'];
const none: Held = { ctrlKey: false, metaKey: false, shiftKey: false };
const ctrl = { ...none, ctrlKey: true };
const shift = { ...none, shiftKey: true };
const play = (...clicks: [string, Held][]) =>
  clicks.reduce<Selection>((before, [id, held]) => clicked(before, ids, id, held), nothing);
const picked = (selection: Selection) => [...selection.picked].sort().join('');

describe('clicks', () => {
  test.each<[string, [string, Held][], string]>([
    [
      'one alone',
      [
        ['a', none],
        ['b', none],
      ],
      'b',
    ],
    [
      'Ctrl adds',
      [
        ['a', none],
        ['c', ctrl],
      ],
      'ac',
    ],
    [
      'Ctrl takes away',
      [
        ['a', none],
        ['c', ctrl],
        ['a', ctrl],
      ],
      'c',
    ],
    [
      'Shift extends',
      [
        ['b', none],
        ['d', shift],
      ],
      'bcd',
    ],
    [
      'Shift extends upwards, from the same anchor',
      [
        ['c', none],
        ['e', shift],
        ['a', shift],
      ],
      'abc',
    ],
    ['Shift without an anchor selects one', [['d', shift]], 'd'],
    [
      'Ctrl and Shift add a range',
      [
        ['a', none],
        ['c', ctrl],
        ['e', { ...ctrl, shiftKey: true }],
      ],
      'acde',
    ],
  ])('%s', (_, clicks, want) => expect(picked(play(...clicks))).toBe(want));

  test('an anchor that is not shown any more is none', () =>
    expect(picked(clicked({ picked: new Set(), anchor: 'gone' }, ids, 'c', shift))).toBe('c'));
});

test('a toggle leaves what it began with as it was', () => {
  const before = play(['a', none]);
  expect(picked(toggled(before, 'b'))).toBe('ab');
  expect(picked(before)).toBe('a');
});

test('a lasso selects what it holds, or adds it', () => {
  const before = play(['a', none]);
  expect(picked(lassoed(before, ['c', 'd'], false))).toBe('cd');
  expect(picked(lassoed(before, ['c', 'd'], true))).toBe('acd');
  expect(picked(lassoed(before, [], false))).toBe('');
});
