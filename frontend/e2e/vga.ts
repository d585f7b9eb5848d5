// The VGA card of a guest, set from its shell: no driver of the tiny guest's does that.

import type { Guest } from './guest';

/**
 * Defines `mode WIDTH HEIGHT`, which sets the registers of QEMU's card, and `dot X Y`, which
 * paints some red pixels from there on. The card's memory is its first range, the registers its third.
 */
const functions = [
  'set -- $(grep -l 0x030000 /sys/bus/pci/devices/*/class); card=${1%/class}/resource',
  "ram=$(sed -n '1s/ .*//p' $card); reg=$(sed -n '3s/ .*//p' $card)",
  'put() { devmem $((reg + 0x500 + 2 * $1)) 16 $2; }',
  'echo "${card%/*}" | sed "s,.*/,," >/sys/bus/pci/drivers/virtio-pci/unbind',
  'mode() { put 4 0; put 1 $1; put 2 $2; put 3 32; put 4 0x41; width=$1; }',
  `dot() { for n in 0 1 2; do for m in 0 1 2; do devmem $((ram + 4 * (($2 + n) * width + $1 + m))) 32 0xff0000; done; done; }`,
];

/** How long and high a red dot is, from the pixel that it was painted at. */
export const dotSize = 3;

/** Prepares the shell of the serial port for `mode` and `dot`. */
export async function prepare(guest: Guest): Promise<void> {
  for (const line of functions) await guest.type(line);
  await say(guest, 'true');
}

/** Has the shell do something, and waits until it has. */
export async function say(guest: Guest, line: string): Promise<void> {
  await guest.type(`${line}; echo did-$((1 + 1))`);
  await guest.hear('did-2');
}
