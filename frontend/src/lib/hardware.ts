// vCPUs and memory of a node.

import type { Node } from './lab';

export interface Hardware {
  vcpus: number;
  memoryMiB: number;
}

/** What is wrong with the vCPUs; empty if nothing is. An emptied field is null. */
export function vcpusFault(vcpus: number | null): string {
  return inRange(vcpus, 1, 255) ? '' : 'Choose 1 to 255.';
}

/** What is wrong with the memory; empty if nothing is. */
export function memoryFault(memoryMiB: number | null): string {
  return inRange(memoryMiB, 32, 1 << 20) ? '' : `Choose 32 to ${1 << 20} MiB.`;
}

/** What is wrong with either. */
export function hardwareFault({ vcpus, memoryMiB }: Hardware): string {
  return vcpusFault(vcpus) || memoryFault(memoryMiB);
}

const inRange = (value: number | null, least: number, most: number) =>
  value !== null && Number.isInteger(value) && value >= least && value <= most;

/** What the newest node on an image got, which is most likely wanted again. */
export function lastHardware(nodes: Node[], image: string): Hardware {
  const newest = nodes
    .filter((node) => node.image === image)
    .reduce<Node | undefined>((a, b) => (a && a.createdAt > b.createdAt ? a : b), undefined);
  return { vcpus: newest?.vcpus ?? 1, memoryMiB: newest?.memoryMiB ?? 512 };
}
