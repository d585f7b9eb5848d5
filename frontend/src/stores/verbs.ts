// What is done to a node at once, without a dialog, until its effect has come.

import { isSettled, type Action } from '../lib/actions';
import * as api from '../lib/api';
import { bytes } from '../lib/format';
import type { Node } from '../lib/lab';
import { LabError } from '../lib/problem';
import { within } from '../lib/queue';
import * as titles from '../lib/titles';
import { asked } from './asked.svelte';
import { lab } from './lab.svelte';

/** Beyond what a guest may take to stop, in milliseconds: then it is told that it goes on. */
const patience = 120_000;
/** What a guest may take to stop where nothing is set, in seconds. */
const usualStop = 30;

/** Waits until what was asked of a node has come to its end: a change that fails is thrown. */
async function settled(before: Node | undefined, answer: Node): Promise<Node | undefined> {
  if (isSettled(answer)) return answer;
  // The answer can come before the events: the node as it was before is no end of the change.
  const ended = lab.until(answer.id, (node) => node !== before && isSettled(node));
  const limit = patience + (answer.stopSeconds || usualStop) * 1000;
  const node = await within(ended, limit, () => ({
    kind: 'unavailable',
    message: `${answer.name} is still in change after ${Math.round(limit / 1000)} seconds`,
    hint: 'It goes on, and shows when it is over.',
  }));
  if (node?.problem && `${node.state}` === 'failed') throw new LabError(node.problem);
  return node;
}

/** Calls for a change and waits for its end. */
export async function change(
  action: Action,
  node: Node,
  call: () => Promise<Node>,
): Promise<Node | undefined> {
  const before = lab.node(node.id);
  return settled(before, await asked.while(action, node.id, call));
}

// A node that runs is restarted for a wipe: only then is it known what that discarded.
async function wipe(node: Node): Promise<string> {
  const before = lab.node(node.id) ?? node;
  await asked.while('wipe', node.id, () => api.wipe(node.id));
  const wiped = await turned(before);
  return `${bytes(wiped?.undo?.bytes ?? node.overlay.bytes)} discarded.`;
}

async function undoWipe({ id }: Node): Promise<string> {
  const node = await lab.until(id, isSettled);
  if (!node) return 'It is gone.';
  await asked.while('undo', id, () => api.undoWipe(id));
  await turned(node);
  return 'Its disk is back.';
}

/** Waits until the node stands on another overlay than before; throws the problem if that failed. */
async function turned(before: Node): Promise<Node | undefined> {
  const other = (node: Node) => node.generation !== before.generation;
  const over = lab.until(before.id, (it) => isSettled(it) && (other(it) || Boolean(it.problem)));
  const node = await within(over, patience, () => ({
    kind: 'unavailable',
    message: `the disk of ${before.name} is not yet another after ${patience / 1000} seconds`,
    hint: 'It goes on, and shows when it is over.',
  }));
  if (node?.problem && !other(node)) throw new LabError(node.problem);
  return node;
}

export interface Command {
  /** What is asked of the node of that name. */
  title: (name: string) => string;
  /** That it is done, where the person is told. */
  done?: (name: string) => string;
  /** What takes it back. */
  back?: Action;
  /** Does it until its effect has come, and gives what is to be said of it. */
  work: (node: Node) => Promise<unknown>;
}

type Simple = 'start' | 'stop' | 'reboot' | 'pause' | 'resume' | 'restore';

const simple = (action: Simple, call: (id: string) => Promise<Node>): Command => ({
  title: titles.asked[action],
  work: (node) => change(action, node, () => call(node.id)),
});

/** Forcing off is not among them: what it loses can not be brought back, whatever the state, so it asks first. */
export const verbs: Partial<Record<Action, Command>> = {
  start: simple('start', api.start),
  stop: simple('stop', api.stop),
  reboot: simple('reboot', api.reboot),
  pause: simple('pause', api.pause),
  resume: simple('resume', api.resume),
  wipe: { title: titles.asked.wipe, done: titles.done.wipe, back: 'undo', work: wipe },
  undo: { title: titles.asked.undo, done: titles.done.undo, work: undoWipe },
  restore: simple('restore', api.restore),
  delete: {
    title: titles.asked.delete,
    done: titles.done.delete,
    back: 'restore',
    work: ({ id }) => asked.while('delete', id, () => api.remove(id, false)),
  },
};
