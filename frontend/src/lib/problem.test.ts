import { expect, test } from 'vitest';
import { LabError, problemOf, problemText, sentence } from './problem';

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

test.each([
  ['the node crashed', 'The node crashed.'],
  ['there is no disk.', 'There is no disk.'],
  ['another node has it', 'Another node has it.'],
  ['image tiny is in use', 'Image tiny is in use.'],
  ['could not start it', 'Could not start it.'],
  ['image is being removed', 'image is being removed.'],
  ['theatre is active', 'theatre is active.'],
  ['"a b" is not a name', '"a b" is not a name.'],
])('%s is a sentence', (message, want) => expect(sentence(message)).toBe(want));
