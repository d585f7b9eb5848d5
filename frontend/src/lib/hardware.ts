// vCPUs and memory of a node, and what to suggest for a new one.

import type { Image, Node } from './lab';

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

/** What is wrong with the seconds to stop; empty if nothing is. */
export function stopFault(seconds: number | null): string {
  return inRange(seconds, 0, 3600) ? '' : 'Choose 0 to 3600.';
}

/** What is wrong with either. */
export function hardwareFault({ vcpus, memoryMiB }: Hardware): string {
  return vcpusFault(vcpus) || memoryFault(memoryMiB);
}

const inRange = (value: number | null, least: number, most: number) =>
  value !== null && Number.isInteger(value) && value >= least && value <= most;

const newest = (nodes: Node[]) =>
  nodes.reduce<Node | undefined>((a, b) => (a && a.createdAt > b.createdAt ? a : b), undefined);

// What was wanted last is most likely wanted again.

/** The image of the newest node, or the first image. */
export function lastImage(nodes: Node[], images: Image[]): string {
  const last = newest(nodes.filter((node) => images.some((image) => image.name === node.image)));
  return last?.image ?? images[0]?.name ?? '';
}

/** What the newest node on an image got, or what the image says its nodes get, or what is usual. */
export function lastHardware(
  nodes: Node[],
  image: string,
  defaults: Partial<Hardware> = {},
  usual: Hardware = { vcpus: 1, memoryMiB: 512 },
): Hardware {
  const last = newest(nodes.filter((node) => node.image === image));
  return {
    vcpus: last?.vcpus ?? (defaults.vcpus || usual.vcpus),
    memoryMiB: last?.memoryMiB ?? (defaults.memoryMiB || usual.memoryMiB),
  };
}
