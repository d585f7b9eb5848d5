// What is to be said of images.

import type { Offer } from './actions';
import { bytes, hardware, memory, plural } from './format';
import type { Defaults, Image } from './lab';

/** Whether a text names a file on the network. */
export const isAddress = (text: string) => /^https?:\/\//i.test(text.trim());

/** What is wrong with where an image is to come from; empty if nothing is. */
export function sourceFault(text: string): string {
  const source = text.trim();
  if (source === '') return 'Give a file or an address.';
  if (/^[a-z]+:/i.test(source)) return isAddress(source) ? '' : 'An address begins with https://.';
  return source.startsWith('/') ? '' : 'Give the full path of the file, or an https:// address.';
}

/** What is wrong with a checksum; empty if nothing is, or if there is none. */
export const sumFault = (text: string) =>
  /^([0-9a-f]{64}|[0-9a-f]{128})?$/i.test(text.trim())
    ? ''
    : 'A checksum has 64 or 128 digits, 0 to 9 and a to f.';

const steps: Record<string, string> = {
  waiting: 'Waiting for other downloads',
  downloading: 'Downloading',
  unpacking: 'Unpacking',
  checking: 'Checking',
  converting: 'Converting',
  copying: 'Copying',
  verifying: 'Verifying',
};

/** 40 s, 12 min, 3 h: as long as something still takes, roughly. */
export function left(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 360) / 10} h`;
}

/** Downloading, 12 MiB/s, 40 s left: what an addition is doing. */
export function stepLine({ step }: Image): string {
  if (!step) return 'Beginning';
  const { name, done, total, rate } = step;
  const parts = [steps[name] ?? name];
  if (rate > 0) parts.push(`${bytes(rate)}/s`);
  if (rate > 0 && total > done) parts.push(`${left((total - done) / rate)} left`);
  return parts.join(', ');
}

/** Where an image came from. */
export function originLine({ origin }: Image): string {
  const of = origin.of ?? '';
  const from: Record<string, string> = {
    file: `From ${of}`,
    catalogue: `From the catalogue: ${of}`,
    address: `From ${host(of)}`,
    node: origin.base ? `Made of the node ${of}, on ${origin.base}` : `Made of the node ${of}`,
    found: 'Found in the pool',
  };
  const line = from[origin.kind] ?? '';
  return origin.format ? `${line}, converted from ${origin.format}` : line;
}

function host(address: string): string {
  try {
    return new URL(address).host;
  } catch {
    return address;
  }
}

/** 2 vCPUs, 2 GiB, UEFI, TPM: what the nodes of an image get; empty if that is for the settings to say. */
export function defaultsLine({ vcpus, memoryMiB, firmware, tpm, cloudInit }: Defaults): string {
  const parts: string[] = [];
  if (vcpus && memoryMiB) parts.push(hardware({ vcpus, memoryMiB }));
  else if (vcpus) parts.push(plural(vcpus, ['# vCPU', '# vCPUs']));
  else if (memoryMiB) parts.push(memory(memoryMiB));
  if (firmware === 'uefi') parts.push('UEFI');
  if (tpm) parts.push('TPM');
  if (cloudInit) parts.push('cloud-init');
  return parts.join(', ');
}

/** That nodes stand on an image, which is in the way of changing it; empty if none does. */
export const deleteFirst = (users: string[]) =>
  users.length
    ? plural(users.length, ['# node of it must be deleted first.', '# nodes of it must be deleted first.'])
    : '';

/** What can be done with an image of the library. */
export type Care = 'verify' | 'compress' | 'grow' | 'rename' | 'remove';

/** What is offered for an image, in the order of its menu. */
export function careOf(image: Image): Offer<Care>[] {
  const busy = image.step ? 'Something is being done to it.' : '';
  const ready = busy || (`${image.state}` === 'ready' ? '' : 'The image is not ready.');
  const used = deleteFirst(image.usedBy ?? []);
  const base = `${image.kind}` === 'base';
  const remake: Offer<Care>[] = [
    {
      action: 'compress',
      label: 'Compress',
      icon: 'compress',
      blocked: ready || used || (image.compression === 'zstd' ? 'It is compressed.' : ''),
    },
    { action: 'grow', label: 'Grow its disk…', icon: 'disk', blocked: ready || used },
  ];
  return [
    { action: 'verify', label: 'Verify', icon: 'check', blocked: busy },
    ...(base ? remake : []),
    { action: 'rename', label: 'Rename…', icon: 'edit', blocked: busy, apart: true },
    { action: 'remove', label: 'Remove…', icon: 'trash', blocked: busy, danger: true, apart: true },
  ];
}
