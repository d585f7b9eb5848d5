import { expect, test } from 'vitest';
import { LabError, problemOf, problemText } from './problem';

const problem = { kind: 'busy', message: 'It starts.', hint: 'Wait.' };

test.each([
  ['the JSON of a problem', JSON.stringify(problem), problem],
  ['an error that carries it', new Error(JSON.stringify(problem)), problem],
  ['a sentence', 'no', { kind: 'internal', message: 'no' }],
  ['broken JSON', '{no', { kind: 'internal', message: '{no' }],
  ['other JSON', '{"a":1}', { kind: 'internal', message: '{"a":1}' }],
])('%s', (_, reason, want) => expect(problemOf(reason)).toEqual(want));

test('a thrown problem comes back as it was', () => {
  expect(problemOf(new LabError(problem))).toMatchObject(problem);
});

test('as text it has no empty lines', () => {
  expect(problemText(problem)).toBe('busy: It starts.\nWait.');
  expect(problemText({ kind: 'busy', message: 'It starts.' })).toBe('busy: It starts.');
});
