// The person's own accent colour, made fit to be seen and read.

import type { Scheme } from './scheme';

type RGB = [number, number, number];

/** The tokens of app.css that follow the accent. */
export interface Accent {
  accent: string;
  accentHover: string;
  onAccent: string;
  focus: string;
}

const black: RGB = [0, 0, 0];
const white: RGB = [255, 255, 255];

/** What lies behind controls, and is hardest to stand out from: --raised, and --hover in the light. */
const ground: Record<Scheme, RGB> = { dark: parse('#20252d'), light: parse('#eef0f4') };

/** WCAG 2.2, 1.4.11: what a control is known by. */
const seen = 3;
/** 1.4.3: what is read. */
const read = 4.5;

/** The tokens of an accent such as #ffcc00, as near to it as can be seen; undefined if it is no colour. */
export function accentOf(colour: string, scheme: Scheme): Accent | undefined {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return undefined;
  const away = scheme === 'dark' ? white : black;
  const accent = until(parse(colour), away, (it) => contrast(it, ground[scheme]) >= seen);
  const on = contrast(accent, white) >= read ? white : black; // one of them can always be read
  return {
    accent: text(accent),
    accentHover: text(mix(accent, on === white ? black : white, 0.12)),
    onAccent: text(on),
    focus: text(until(accent, away, (it) => contrast(it, ground[scheme]) >= read)),
  };
}

/** How well two colours are told apart, from 1 to 21, as WCAG has it. */
export function contrastOf(a: string, b: string): number {
  return contrast(parse(a), parse(b));
}

function until(colour: RGB, towards: RGB, enough: (colour: RGB) => boolean): RGB {
  for (let part = 0; part < 1; part += 0.02) {
    const now = mix(colour, towards, part);
    if (enough(now)) return now;
  }
  return towards;
}

function contrast(a: RGB, b: RGB): number {
  const [less, more] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (more + 0.05) / (less + 0.05);
}

function luminance(colour: RGB): number {
  const [r, g, b] = colour.map((byte) => {
    const part = byte / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as RGB;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function mix(a: RGB, b: RGB, part: number): RGB {
  return a.map((byte, i) => Math.round(byte + ((b[i] ?? 0) - byte) * part)) as RGB;
}

function parse(colour: string): RGB {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) as RGB;
}

function text(colour: RGB): string {
  return `#${colour.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
