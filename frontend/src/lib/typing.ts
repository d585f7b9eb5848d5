// Types a text into a guest, key by key, as fast as its keyboard takes it.

import { count } from './format';
import type { Key, Press } from './keys';
import { layoutNames, plan, usual, type Plan, type Stroke } from './layouts';

/** At most so many characters: some minutes of typing. */
export const longestTyping = 20_000;

/**
 * After each press or release, in milliseconds. A PC's keyboard has a queue of 16 bytes, and what
 * the guest has not fetched in time is lost: one that is emulated has needed more than ten
 * milliseconds for each on a busy machine.
 */
export const paces = { accelerated: 8, emulated: 25 };

/** Of a layout's name as a node has it. */
export const layoutOf = (keymap = ''): string => keymap || usual;

/** Why a text can not be typed as it is; empty if it can. */
export function typingFault(text: string, layout: string): string {
  if (text.length > longestTyping)
    return `The text has ${count(text.length)} characters. At most ${count(longestTyping)} can be typed.`;
  if (!layoutNames.includes(layout)) return `No text can be typed on layout ${layout} yet.`;
  return missingSentence(plan(text, layout), layout);
}

/** What can not be typed, in a sentence; empty if everything can. */
export function missingSentence({ missing }: Plan, layout: string): string {
  if (!missing.length) return '';
  const shown = missing.slice(0, 12).map(visible).join(', ');
  const more = missing.length > 12 ? ` and ${missing.length - 12} more` : '';
  const characters = missing.length === 1 ? '1 character' : `${missing.length} characters`;
  return `${characters} can not be typed on layout ${layout}: ${shown}${more}.`;
}

/** A character that shows nothing is told by its number. */
const visible = (character: string) =>
  /[\p{C}\p{Z}\p{M}]/u.test(character)
    ? `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    : character;

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Types until the end, or until it is stopped; `told` gets how many strokes are done. What two
 * strokes both hold stays down between them: fewer events are sooner done.
 */
export async function type(
  strokes: Stroke[],
  press: Press,
  pace: number,
  stopped: () => boolean,
  told: (done: number) => void,
): Promise<void> {
  let down: Key[] = [];
  const send = async (key: Key, isDown: boolean) => {
    press(key, isDown);
    await wait(pace);
  };
  const hold = async (held: Key[]) => {
    for (const it of down) if (!held.includes(it)) await send(it, false);
    for (const it of held) if (!down.includes(it)) await send(it, true);
    down = held;
  };
  for (const [at, { key, held }] of strokes.entries()) {
    if (stopped()) break;
    await hold(held);
    await send(key, true);
    await send(key, false);
    told(at + 1);
  }
  await hold([]);
}
