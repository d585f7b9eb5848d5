import { expect, test } from 'vitest';
import { layoutNames, plan, type Stroke } from './layouts';

const spell = ({ key, held }: Stroke) => [...held.map(({ code }) => code), key.code].join('+');
const typed = (text: string, layout: string) => plan(text, layout).strokes.map(spell);

test.each([
  ['en-us', 'aA~', ['KeyA', 'ShiftLeft+KeyA', 'ShiftLeft+Backquote']],
  ['en-us', '\\|\n\t', ['Backslash', 'ShiftLeft+Backslash', 'Enter', 'Tab']],
  ['en-gb', '"@£€', ['ShiftLeft+Digit2', 'ShiftLeft+Quote', 'ShiftLeft+Digit3', 'AltRight+Digit4']],
  ['de', 'zy@{', ['KeyY', 'KeyZ', 'AltRight+KeyQ', 'AltRight+Digit7']],
  ['de', '^é', ['Backquote', 'Space', 'Equal', 'KeyE']],
  ['de', 'À', ['ShiftLeft+Equal', 'ShiftLeft+KeyA']],
  ['fr', 'a1&', ['KeyQ', 'ShiftLeft+Digit1', 'Digit1']],
  ['it', '{', ['AltRight+ShiftLeft+BracketLeft']],
  ['pt', 'ã', ['Backslash', 'KeyA']],
  ['sv', 'å$~', ['BracketLeft', 'AltRight+Digit4', 'AltRight+BracketRight', 'Space']],
  ['no', 'øæ', ['Semicolon', 'Quote']],
  ['da', 'øæ', ['Quote', 'Semicolon']],
  ['pl', 'ąĄ', ['AltRight+KeyA', 'AltRight+ShiftLeft+KeyA']],
])('on %s, %s is the right keys', (layout, text, keys) => expect(typed(text, layout)).toEqual(keys));

const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('');

test.each(layoutNames)('%s makes all of ASCII', (layout) => expect(plan(ascii, layout).missing).toEqual([]));

test.each(layoutNames)('%s has each key once', (layout) => {
  const strokes = plan(ascii, layout).strokes.filter(({ key }) => key.code !== 'Space');
  expect(strokes.every(({ key }) => /^[A-Z]/.test(key.code) && key.keysym > 0)).toBe(true);
  const alone = [...ascii].map((it) => typed(it, layout).join(' '));
  expect(new Set(alone).size).toBe(alone.length);
});

test('what a layout can not make is told once, in order', () => {
  const { strokes, missing } = plan('é1ß€é', 'en-us');
  expect(missing).toEqual(['é', 'ß', '€']);
  expect(strokes.map(spell)).toEqual(['Digit1']);
});

test('a letter in two parts is one, and every line end is Enter', () => {
  expect(typed('e\u0301', 'es')).toEqual(['Quote', 'KeyE']);
  expect(typed('\r\n\r\n', 'en-us')).toEqual(['Enter', 'Enter']);
});
