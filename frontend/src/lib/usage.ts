// What nodes use per second, from counters that only grow.

import type { Usage } from './lab';

/** What a node uses now. */
export interface Rates {
  /** Share of its vCPUs, 0 to 1. */
  cpu: number;
  /** Bytes of the host's memory that its process holds; 0 where that is not known. */
  memoryBytes: number;
  diskBytes: number;
  /** Bytes per second. */
  read: number;
  written: number;
  received: number;
  sent: number;
}

/** The rates between two readings of a node; undefined where they give none. */
export function ratesOf(before: Usage | undefined, now: Usage, vcpus: number): Rates | undefined {
  const seconds = before ? (Date.parse(now.at) - Date.parse(before.at)) / 1000 : 0;
  // A node that was started anew counts from the beginning.
  if (!before || seconds <= 0 || now.cpuMillis < before.cpuMillis) return undefined;
  const rate = (of: (usage: Usage) => number) => Math.max(0, of(now) - of(before)) / seconds;
  return {
    cpu: Math.min(1, rate((it) => it.cpuMillis) / 1000 / Math.max(1, vcpus)),
    memoryBytes: now.memoryBytes,
    diskBytes: now.diskBytes,
    read: rate((it) => it.readBytes),
    written: rate((it) => it.writtenBytes),
    received: rate((it) => it.receivedBytes),
    sent: rate((it) => it.sentBytes),
  };
}
