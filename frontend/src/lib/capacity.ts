// Whether the host has what nodes are to be given.

import { isWriting } from './actions';
import { bytes, memory, plural } from './format';
import type { Hardware } from './hardware';
import type { Host, Node } from './lab';

/** A size of the host, which is no round number. */
export const size = (mebibytes: number) => bytes(mebibytes * 1024 * 1024);

/** The memory of nodes that have a process, in MiB: what they were promised, used or not. */
export function promised(nodes: Node[]): number {
  return nodes.filter(isWriting).reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
}

/**
 * Why what is wanted may be too much, or nothing: a warning, for memory that is promised need not
 * be used. `count` nodes are to get it, beside those that run.
 */
export function overcommit(
  host: Host | undefined,
  running: Node[],
  { memoryMiB }: Hardware,
  count = 1,
): string {
  if (!host || !Number.isInteger(memoryMiB)) return '';
  const wanted = memoryMiB * count;
  const used = promised(running);
  const total = used + wanted;
  const all =
    count > 1
      ? plural(count, ['# node with {0} together', '# nodes with {0} together'], size(wanted))
      : memory(wanted);
  if (total > host.memoryMiB)
    return `${all} and the ${size(used)} of running nodes are ${size(total)}: more than the host’s ${size(host.memoryMiB)}. It may swap, or kill nodes.`;
  if (wanted > host.freeMiB)
    return `${all}: only ${size(host.freeMiB)} are free now. The host may swap once the guests use it.`;
  return '';
}

/** What the host can not give at all, or nothing. */
export function beyond(host: Host | undefined, { vcpus, memoryMiB }: Hardware): string {
  if (!host) return '';
  if (vcpus > host.cpus) return plural(host.cpus, ['The host has # CPU.', 'The host has # CPUs.']);
  return memoryMiB > host.memoryMiB ? `The host has ${size(host.memoryMiB)} of memory.` : '';
}
