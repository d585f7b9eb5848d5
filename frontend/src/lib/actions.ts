// What can be done with a node, by its state. The server has the last word;
// this only decides what is offered.

import { bytes, moment, since } from './format';
import type { BulkVerb, Node, State, Undo } from './lab';

export type Action =
  | 'start'
  | 'stop'
  | 'forceOff'
  | 'reboot'
  | 'pause'
  | 'resume'
  | 'wipe'
  | 'undo'
  | 'restore'
  | 'rename'
  | 'set'
  | 'consoleSettings'
  | 'clone'
  /** Make a base image of its disk. */
  | 'publish'
  | 'delete'
  | 'forget'
  | 'console'
  /** Its console, turned to the serial port. */
  | 'serial'
  /** Measure what it has written: that grows without an event. */
  | 'measure';

/** Performs an action on a node. */
export type Act = (action: Action, node: Node) => void;

export interface Offer<A extends string = Action> {
  action: A;
  label: string;
  icon: string;
  /** Of a choice among some: whether it is the one. */
  checked?: boolean;
  testid?: string;
  /** Why it can not be done now; empty if it can. */
  blocked: string;
  danger?: boolean;
  /** It begins a group. */
  apart?: boolean;
}

const inChange = (state: State) => state === 'starting' || state === 'stopping';

/** Whether the node is in no change, so that the next one can be asked for. */
export const isSettled = ({ state }: Node) => !inChange(state);

const off = (state: State) => state === 'stopped' || state === 'failed';
const active = (state: State) => !off(state) && state !== 'missing';

/** Whether the node has a display to connect to. */
export const hasDisplay = ({ state }: Node) => active(state) && state !== 'starting';

/** Whether what the node has written may be more than was last told. */
export const isWriting = ({ state }: Node) => active(state);

/** Whether the node is off, so that anything about it can be changed. */
export const isOff = ({ state }: Node) => off(state);

/** The action that a node's state calls for first. */
export function primary(node: Node): Offer {
  const offers: Record<State, Offer> = {
    stopped: { action: 'start', label: 'Start', icon: 'play', blocked: '' },
    failed: { action: 'start', label: 'Start', icon: 'play', blocked: '' },
    starting: { action: 'start', label: 'Start', icon: 'play', blocked: 'It is starting.' },
    running: { action: 'stop', label: 'Stop', icon: 'stop', blocked: '' },
    paused: { action: 'resume', label: 'Resume', icon: 'play', blocked: '' },
    stopping: { action: 'forceOff', label: 'Force off', icon: 'power', blocked: '' },
    missing: { action: 'restore', label: 'Make again', icon: 'restore', blocked: '' },
  };
  return offers[node.state];
}

/** What wiping would throw away, in words for a button's description. */
export const wipeLoss = (node: Node) =>
  `Discards ${bytes(node.overlay.bytes)} and keeps the node's identity.`;

/** Which wipe would be undone, and how much comes back. */
export const undoLabel = (undo: Undo) => `Undo wipe of ${moment(undo.at)}, ${bytes(undo.bytes)}`;

/** Why the node can not be wiped now; empty if it can. */
export const wipeBlocked = (node: Node) =>
  node.state === 'missing' ? 'The node is missing.' : inChange(node.state) ? 'The node is in change.' : '';

/** Whether a verb asked of many nodes is one for this node as it is. */
export function takes(verb: BulkVerb, node: Node): boolean {
  const fit: Record<BulkVerb, boolean> = {
    start: off(node.state),
    stop: node.state === 'running' || node.state === 'paused',
    wipe: wipeBlocked(node) === '',
    delete: !inChange(node.state),
  };
  return fit[verb];
}

/** How long it has been up, or when it was last. */
export function upTime(node: Node, now: number): string {
  if (!node.startedAt) return 'Never started';
  const ago = since(node.startedAt, now);
  if (hasDisplay(node) && now - Date.parse(node.startedAt) < 60_000) return 'Just started';
  return hasDisplay(node) ? `Up ${ago}` : `Last started ${ago} ago`;
}

/** Everything else that can be asked of a node, in the order of its menu. */
export function menu(node: Node): Offer[] {
  return node.state === 'missing'
    ? missingMenu()
    : [...powerMenu(node), ...diskMenu(node), ...editMenu(node)];
}

function missingMenu(): Offer[] {
  return [
    { action: 'restore', label: 'Make it again', icon: 'restore', blocked: '' },
    { action: 'forget', label: 'Forget…', icon: 'trash', blocked: '', danger: true, apart: true },
  ];
}

function powerMenu({ state }: Node): Offer[] {
  const running = state === 'running' ? '' : 'The node is not running.';
  const paused = state === 'paused';
  return [
    paused
      ? { action: 'resume', label: 'Resume', icon: 'play', blocked: '' }
      : { action: 'pause', label: 'Pause', icon: 'pause', blocked: running },
    { action: 'reboot', label: 'Reboot', icon: 'restart', blocked: running },
    {
      action: 'forceOff',
      label: 'Force off',
      icon: 'power',
      blocked: active(state) ? '' : 'The node is off.',
    },
  ];
}

function diskMenu(node: Node): Offer[] {
  const blocked = wipeBlocked(node);
  const size = bytes(node.overlay.bytes);
  const offers: Offer[] = [
    { action: 'wipe', label: `Wipe, discard ${size}`, icon: 'wipe', blocked, apart: true },
  ];
  if (node.undo) {
    offers.push({ action: 'undo', label: undoLabel(node.undo), icon: 'undo', blocked });
  }
  return offers;
}

function editMenu({ state }: Node): Offer[] {
  const stopped = off(state) ? '' : 'The node must be off for this.';
  const settled = inChange(state) ? 'The node is in change.' : '';
  return [
    { action: 'rename', label: 'Rename', icon: 'edit', blocked: stopped, apart: true },
    { action: 'set', label: 'Resources and notes…', icon: 'sliders', blocked: settled },
    { action: 'consoleSettings', label: 'Console settings…', icon: 'console', blocked: settled },
    { action: 'clone', label: 'Clone…', icon: 'copy', blocked: settled },
    { action: 'publish', label: 'Publish as image…', icon: 'images', blocked: stopped },
    { action: 'delete', label: 'Delete', icon: 'trash', blocked: settled, danger: true, apart: true },
  ];
}
