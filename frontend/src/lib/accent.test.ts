import { expect, test } from 'vitest';
import { accentOf, contrastOf } from './accent';
import type { Scheme } from './scheme';

// Those of GNOME and of KDE, the ends of everything, and what is hard: yellow, and the middle of grey.
const colours = [
  ...['#3584e4', '#2190a4', '#3a944a', '#c88800', '#ed5b00', '#e62d42', '#d56199', '#9141ac', '#6f8396'],
  ...['#3daee9', '#e93a9a', '#e93d58', '#e9643a', '#e8cb2d', '#3dd425', '#00d3b8', '#b875dc', '#926ee4'],
  ...['#000000', '#ffffff', '#ffff00', '#777777', '#767676', '#0000ff', '#00ff00', '#ff0000', '#808000'],
];

/** The grounds on which the tokens are used, from app.css: --bg, --surface, --raised and --hover. */
const grounds: Record<Scheme, string[]> = {
  dark: ['#0e1013', '#15181d', '#1c2027', '#20252d'],
  light: ['#f4f5f7', '#ffffff', '#ffffff', '#eef0f4'],
};
const muted: Record<Scheme, string> = { dark: '#a0a8b5', light: '#4d5563' };
/** --selected: so much of the accent, on what. */
const selected: Record<Scheme, [number, string]> = { dark: [0.16, '#0e1013'], light: [0.06, '#ffffff'] };

function mixed(a: string, b: string, part: number): string {
  const byte = (it: string, at: number) => parseInt(it.slice(at, at + 2), 16);
  const bytes = [1, 3, 5].map((at) => Math.round(byte(a, at) * part + byte(b, at) * (1 - part)));
  return `#${bytes.map((it) => it.toString(16).padStart(2, '0')).join('')}`;
}

for (const scheme of ['dark', 'light'] as const)
  test.each(colours)(`%s can be seen and read in the ${scheme}`, (colour) => {
    const tokens = accentOf(colour, scheme);
    if (!tokens) throw new Error('it is no colour');
    for (const ground of grounds[scheme]) {
      expect(contrastOf(tokens.accent, ground)).toBeGreaterThanOrEqual(3);
      expect(contrastOf(tokens.focus, ground)).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrastOf(tokens.onAccent, tokens.accent)).toBeGreaterThanOrEqual(4.5);
    expect(contrastOf(tokens.onAccent, tokens.accentHover)).toBeGreaterThanOrEqual(4.5);
    const [part, under] = selected[scheme];
    expect(contrastOf(muted[scheme], mixed(tokens.accent, under, part))).toBeGreaterThanOrEqual(4.5);
  });

test('an accent that can be seen stays what it is', () => {
  expect(accentOf('#3584e4', 'light')?.accent).toBe('#3584e4');
  expect(accentOf('#E8CB2D', 'dark')?.accent).toBe('#e8cb2d');
  expect(accentOf('#ffff00', 'light')?.accent).not.toBe('#ffff00');
});

test.each(['', 'yellow', '#fff', '#12345g', '#1234567'])('%s is no accent', (colour) => {
  expect(accentOf(colour, 'dark')).toBeUndefined();
});
