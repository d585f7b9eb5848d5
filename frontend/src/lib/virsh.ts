// The line of virsh that does what a button does, for a shell.

import type { Node } from './lab';

export interface VirshLine {
  verb: string;
  /** What it does, in words. */
  does: string;
  command: string;
}

const verbs: [verb: string, does: string][] = [
  ['start', 'Start'],
  ['shutdown', 'Stop, as a power button would'],
  ['destroy', 'Force off'],
  ['reboot', 'Reboot'],
  ['suspend', 'Pause'],
  ['resume', 'Resume'],
  ['console', 'Serial console, in a terminal'],
  ['dumpxml', 'Definition'],
  ['vncdisplay', 'Where the display listens'],
  ['domifaddr', 'Addresses'],
];

/** A word as a shell takes it for one, whatever is in it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The lines for a node. By its UUID where its name could be taken for an option or an ID. */
export function virshLines(uri: string, { id, name }: Pick<Node, 'id' | 'name'>): VirshLine[] {
  const domain = /^(-|\d+$)/.test(name) ? id : name;
  return verbs.map(([verb, does]) => ({
    verb,
    does,
    command: `virsh -c ${quoted(uri)} ${verb} ${quoted(domain)}`,
  }));
}
