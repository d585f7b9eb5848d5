import { describe, expect, test } from 'vitest';
import { Keys, keysOf, listKey, shortcuts, type Press } from './shortcuts';

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  ...more,
});
const ctrl = (key: string) => press(key, { ctrlKey: true });

/** What each key is, pressed one after the other, `pause` milliseconds apart. */
function type(presses: Press[], { typing = false, pause = 100 } = {}) {
  const keys = new Keys();
  return presses.map((it, n) => keys.press(it, typing, n * pause));
}

describe('Keys', () => {
  test('knows single keys, also those that need Shift', () => {
    expect(type([press('n'), press('?', { shiftKey: true }), press('/')])).toEqual([
      'create',
      'shortcuts',
      'search',
    ]);
  });

  test('knows keys held together, whichever case they are told in', () => {
    expect(type([ctrl('k'), ctrl('K'), ctrl('f')])).toEqual(['palette', 'palette', 'search']);
  });

  test('more modifiers make another key', () => {
    expect(type([press('k', { ctrlKey: true, altKey: true }), press('n', { altKey: true })])).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('knows keys one after the other, the modifier between them being none', () => {
    expect(type([press('g'), press('Shift'), press('i')])).toEqual([undefined, undefined, 'images']);
  });

  test('the second of two is not what it is alone', () => {
    expect(type([press('g'), press('n'), press('n')])).toEqual([undefined, 'nodes', 'create']);
  });

  test('who waits too long begins anew', () => {
    expect(type([press('g'), press('n')], { pause: 1_500 })).toEqual([undefined, 'create']);
  });

  test('another key between them undoes the first', () => {
    expect(type([press('g'), press('x'), press('i')])).toEqual([undefined, undefined, undefined]);
  });

  test('where one types only what is no text works', () => {
    expect(type([press('n'), press('g'), press('i'), press('?'), ctrl('z')], { typing: true })).toEqual(
      Array(5).fill(undefined),
    );
    expect(type([ctrl('k')], { typing: true })).toEqual(['palette']);
  });
});

describe('listKey', () => {
  test.each([
    ['Enter', 'console'],
    [' ', 'toggle'],
    ['F2', 'rename'],
    ['Delete', 'delete'],
    ['d', 'details'],
    ['Escape', 'none'],
    ['ArrowLeft', 'step'],
    ['PageDown', 'leap'],
    ['ContextMenu', 'menu'],
    ['x', undefined],
  ])('on a node %s asks for %s', (key, want) => expect(listKey(press(key), 'node')).toBe(want));

  test('a button knows Space and Enter itself', () => {
    expect(listKey(press('Enter'), 'control')).toBeUndefined();
    expect(listKey(press(' '), 'control')).toBeUndefined();
    expect(listKey(press('Delete'), 'control')).toBe('delete');
  });

  test('the screen alone moves, selects all and none', () => {
    expect(listKey(press('Delete'), 'screen')).toBeUndefined();
    expect(listKey(press('Home'), 'screen')).toBe('leap');
    expect(listKey(ctrl('a'), 'screen')).toBe('all');
  });

  test('more modifiers make another key', () => {
    expect(listKey(press('ArrowUp', { shiftKey: true }), 'node')).toBe('extend');
    expect(listKey(press('Enter', { altKey: true }), 'node')).toBe('details');
    expect(listKey(ctrl('Home'), 'node')).toBeUndefined();
    expect(listKey(press('Delete', { shiftKey: true }), 'node')).toBeUndefined();
  });
});

describe('the table', () => {
  test('names no id twice, and no keys twice in one place', () => {
    const ids = shortcuts.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const keys = shortcuts.flatMap(({ where, keys }) => keys.map((it) => `${where}: ${it}`));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('no key alone begins a sequence: it would never come to it', () => {
    const all = shortcuts.flatMap(({ keys }) => keys);
    const first = all.filter((it) => it.includes(' ')).map((it) => it.split(' ')[0]);
    expect(first.filter((it) => all.includes(it ?? ''))).toEqual([]);
  });

  test('gives the keys for a tooltip', () => {
    expect(keysOf('palette')).toBe('Ctrl+K');
    expect(keysOf('unknown')).toBe('');
  });
});
