// A German keyboard, as the kernel of a guest knows one.

import type { Guest } from './guest';
import { say } from './vga';

/** Keys by their numbers in the kernel, and what they make alone, with Shift and with AltGr. */
const german = `8 7 / {
9 8 ( [
10 9 ) ]
11 0 = }
12 ß ? \\
16 q Q @
21 z Z z
26 ü Ü ü
27 + * ~
39 ö Ö ö
40 ä Ä ä
43 # ' #
44 y Y y
51 , ; ,
52 . : .
53 - _ -
86 < > |
3 2 " ²`;

/** Of the file that dumpkmap writes: the keys of each of its tables have two bytes. */
const [header, table] = [7 + 256, 256];

const octal = (character: string) => `\\0${character.charCodeAt(0).toString(8)}\\0000`;

/** Gives a guest a German keyboard, as one that was installed in German has it. */
export async function speakGerman(guest: Guest): Promise<void> {
  await say(guest, 'dumpkmap >/tmp/map');
  await guest.type(`put() { printf '%b' "$2" | dd of=/tmp/map bs=1 seek=$1 conv=notrunc 2>/dev/null; }`);
  for (const line of german.split('\n')) {
    const [key, ...made] = line.split(' ');
    const puts = made.map((it, at) => `put ${header + at * table + 2 * Number(key)} '${octal(it)}'`);
    await say(guest, puts.join('; '));
  }
  await say(guest, 'loadkmap </tmp/map');
}
