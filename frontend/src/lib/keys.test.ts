import { expect, test } from 'vitest';
import { Held, keyOf, modifiers, strike, type Key } from './keys';

const event = (key: string, code: string, location = 0) => ({ key, code, location });

test.each([
  [event('a', 'KeyA'), 0x61],
  [event('€', 'KeyE'), 0x20ac],
  [event('ж', 'Semicolon'), 0x1000436],
  [event('F12', 'F12'), 0xffc9],
  [event('Control', 'ControlRight', 2), 0xffe4],
  [event('Enter', 'NumpadEnter', 3), 0xff0d],
])('the keysym of %o', (it, keysym) => expect(keyOf(it)).toEqual({ keysym, code: it.code }));

test('a key without a name or a character is none', () => {
  expect(keyOf(event('Dead', 'Equal'))).toBeUndefined();
  expect(keyOf(event('Unidentified', ''))).toBeUndefined();
});

test('what is held is released once, as what it was pressed', () => {
  const sent: [Key, boolean][] = [];
  const held = new Held((...it) => sent.push(it));
  held.press({ keysym: 0x61, code: 'KeyA' }, true);
  held.press(modifiers.ctrl, true);
  held.press({ keysym: 0x41, code: 'KeyA' }, false);
  held.release();
  held.release();
  expect(sent.map(([{ keysym }, down]) => [keysym, down])).toEqual([
    [0x61, true],
    [0xffe3, true],
    [0x61, false],
    [0xffe3, false],
  ]);
});

test('a chord goes up the other way round', () => {
  const sent: string[] = [];
  strike([modifiers.ctrl, modifiers.alt], ({ code }, down) => sent.push(`${down ? '+' : '-'}${code}`));
  expect(sent).toEqual(['+ControlLeft', '+AltLeft', '-AltLeft', '-ControlLeft']);
});
