import { expect, test } from 'vitest';
import { expand } from './expand';
import { failure, Making, patternOf } from './making.svelte';

const refuse = (kind: string, message: string) =>
  Promise.reject(new Error(JSON.stringify({ kind, message })));

test('what fails is named, the rest is made', async () => {
  const making = new Making(() => 2);
  const make = (name: string) => (name === 'b' ? refuse('busy', 'it is full') : Promise.resolve());
  const failed = await making.run(['a', 'b', 'c'], make);
  expect([making.done, making.total]).toEqual([2, 3]);
  expect(failed).toEqual([{ name: 'b', problem: { kind: 'busy', message: 'it is full' } }]);
  const { message, kind } = failure(failed, 3);
  expect([kind, message]).toEqual(['busy', 'Not made: 1 of 3.\nb: It is full.']);
});

test('what has not begun can be left out', async () => {
  const making = new Making(() => 1);
  const failed = await making.run(['a', 'b', 'c'], () => {
    making.cancel();
    return Promise.resolve();
  });
  expect([making.done, failed]).toEqual([1, [{ name: 'b' }, { name: 'c' }]]);
  expect(failure(failed, 3).hint).toContain('2 had not begun');
});

test('one node fails with its own problem', async () => {
  const making = new Making(() => 4);
  const failed = await making.run(['a'], () => refuse('exists', 'the name a is taken'));
  expect(failure(failed, 1)).toMatchObject({ kind: 'exists', message: 'the name a is taken' });
});

test.each([[['a']], [['a', 'b-1']], [[]]])('the pattern of %j gives them back', (names) =>
  expect(expand(patternOf(names)).names).toEqual(names.length ? names : ['']),
);
