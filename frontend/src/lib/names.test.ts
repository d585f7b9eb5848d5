import { expect, test } from 'vitest';
import { imageName, matches, nameFault, suggestName } from './names';

test.each(['a', '0', 'web-1', 'A.b_c-d', 'x'.repeat(63)])('%s is a name', (name) => {
  expect(nameFault(name, [])).toBe('');
});

test.each([
  ['.a', 'Start with'],
  ['-a', 'Start with'],
  ['../a', 'Start with'],
  ['ä', 'Start with'],
  ['a b', 'hyphens only'],
  ['a/b', 'hyphens only'],
  ['a\n', 'hyphens only'],
  ['x'.repeat(64), '63 characters'],
])('%j breaks a rule', (name, want) => expect(nameFault(name, [])).toContain(want));

test('an empty and a taken name are told apart', () => {
  expect(nameFault('', [])).toBe('A name is needed.');
  expect(nameFault('web-1', ['web-1'])).toBe('The name web-1 is taken.');
});

test('the suggestion is free and a name', () => {
  expect(suggestName('tiny', [])).toBe('tiny-1');
  expect(suggestName('tiny', ['tiny-1', 'tiny-2'])).toBe('tiny-3');
  expect(nameFault(suggestName('x'.repeat(63), []), [])).toBe('');
});

test.each([
  ['/srv/Debian 12.qcow2', 'Debian-12'],
  ['/srv/.hidden.img', 'hidden'],
  ['/srv/disk.raw.xz', 'disk'],
  ['https://example.org/a/Alpine-3.21.qcow2?download=1', 'Alpine-3.21'],
  ['', ''],
])('an image made of %j', (path, want) => expect(imageName(path)).toBe(want));

test('search looks in every text', () => {
  expect(matches(' WEB ', ['my-web', undefined])).toBe(true);
  expect(matches('db', ['my-web', undefined])).toBe(false);
});
