import { describe, expect, test } from 'vitest';
import { best, pieces, score, text, wordsOf } from './fuzzy';

const find = (query: string, names: string[], bonus: (name: string) => number = () => 0) =>
  best(
    names.map((name) => ({ name, text: text(name) })),
    wordsOf(query),
    10,
    ({ name }) => bonus(name),
  ).map(({ name }) => name);

const points = (query: string, name: string) => score(wordsOf(query), text(name));

describe('score', () => {
  test('every word has to be there, in any order and case', () => {
    expect(points('wipe web', 'Wipe web-1')).toBeGreaterThan(0);
    expect(points('WEB wi', 'Wipe web-1')).toBeGreaterThan(0);
    expect(points('wipe db', 'Wipe web-1')).toBe(0);
  });

  test('letters may be left out, not added or turned round', () => {
    expect(points('wp w1', 'Wipe web-1')).toBeGreaterThan(0);
    expect(points('wippe', 'Wipe web-1')).toBe(0);
    expect(points('bew', 'Wipe web-1')).toBe(0);
  });

  test('a few letters far apart are no find', () => {
    expect(points('sr', 'Show the history of edge-router')).toBe(0);
  });

  test('nothing typed is found everywhere', () => {
    expect(points('', 'anything')).toBeGreaterThan(0);
  });
});

describe('best', () => {
  test('a word of its own comes before the beginning of one, and that before the middle', () => {
    expect(find('web-1', ['Wipe cobweb-1', 'Wipe web-10', 'Wipe web-1'])).toEqual([
      'Wipe web-1',
      'Wipe web-10',
      'Wipe cobweb-1',
    ]);
  });

  test('one piece comes before letters left out', () => {
    expect(find('stop', ['Start operator', 'Stop web-1'])[0]).toBe('Stop web-1');
  });

  test('what was used lately comes first among likes', () => {
    const names = ['Start web-1', 'Start web-2'];
    expect(find('start web', names)).toEqual(names);
    expect(find('start web', names, (name) => (name === 'Start web-2' ? 30 : 0))[0]).toBe('Start web-2');
  });

  test('gives no more than asked for', () => {
    const names = Array.from({ length: 30 }, (_, n) => `node-${n}`);
    expect(find('node', names)).toHaveLength(10);
  });
});

test('pieces are those that were found, and those between', () => {
  const found = (query: string) =>
    pieces(wordsOf(query), 'Wipe web-1').map(({ piece, found }) => (found ? `[${piece}]` : piece));
  expect(found('web')).toEqual(['Wipe ', '[web]', '-1']);
  expect(found('wpe')).toEqual(['[W]', 'i', '[pe]', ' web-1']);
  expect(found('')).toEqual(['Wipe web-1']);
});
