import { expect, test } from 'vitest';
import { expand, mostNames } from './expand';
import { namesFault } from './names';

test.each([
  ['web', ['web']],
  ['', ['']],
  ['web-{1..3}', ['web-1', 'web-2', 'web-3']],
  ['n{3..1}', ['n3', 'n2', 'n1']],
  ['n{08..11}', ['n08', 'n09', 'n10', 'n11']],
  ['n{1..010}', ['n001', 'n002', 'n003', 'n004', 'n005', 'n006', 'n007', 'n008', 'n009', 'n010']],
  ['{a,b, c}-x', ['a-x', 'b-x', 'c-x']],
  ['{a,b}{1..2}', ['a1', 'a2', 'b1', 'b2']],
  ['n{0..2}', ['n0', 'n1', 'n2']],
  ['n{5..5}', ['n5']],
])('%s', (pattern, names) => expect(expand(pattern)).toEqual({ names, fault: '' }));

test.each(['web-{', 'web-}', 'web-{}', 'web-{a}', 'web-{1..}', 'web-{a..c}', '{{1..2}}', 'a{1..2}}'])(
  '%s is no pattern',
  (pattern) => {
    expect(expand(pattern).names).toEqual([]);
    expect(expand(pattern).fault).toContain('between braces');
  },
);

test('64 are the most', () => {
  expect(expand('n{1..64}').names).toHaveLength(mostNames);
  for (const pattern of ['n{1..65}', 'n{1..999999999}', '{a,b,c}{1..22}'])
    expect(expand(pattern).fault).toContain('more than 64');
});

test.each([
  [['a', 'b'], []],
  [['a', 'a b'], ['hyphens only']],
  [
    ['web-1', 'web-2', 'web-3'],
    ['web-1', 'web-3', 'taken'],
  ],
  [
    ['a', 'b', 'a'],
    ['a', 'twice'],
  ],
  [['web-1'], ['The name web-1 is taken.']],
])('of %j it says %j', (names, wants) => {
  const fault = namesFault(names, ['web-1', 'web-3']);
  if (wants.length === 0) expect(fault).toBe('');
  for (const want of wants) expect(fault).toContain(want);
});

test('a long row of taken names is cut', () => {
  const names = expand('n{1..64}').names;
  expect(namesFault(names, names)).toBe('The names n1, n2, n3 and 61 more are taken.');
});
