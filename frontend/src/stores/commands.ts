// What the person asks for. Commands call the program and tell of failures; what
// changed arrives as events.

import { isSettled, type Act, type Action } from '../lib/actions';
import * as api from '../lib/api';
import { bytes, plural } from '../lib/format';
import type { BulkVerb, Node, Problem } from '../lib/lab';
import { LabError, problemOf, sentence } from '../lib/problem';
import { dialogs, type NodeDialog } from './dialogs.svelte';
import { lab } from './lab.svelte';
import { toasts } from './toasts.svelte';
import { view } from './view.svelte';

async function attempt(title: string, subject: string, command: () => Promise<unknown>): Promise<void> {
  try {
    await command();
  } catch (reason) {
    toasts.fail(title, problemOf(reason), subject);
  }
}

// A node that runs is restarted for a wipe: only then is it known what that discarded.
async function wipe(node: Node): Promise<void> {
  await api.wipe(node.id);
  const wiped = await turned(node);
  if (!wiped) return;
  toasts.done({
    subject: node.id,
    title: `Wiped ${wiped.name}`,
    detail: `${bytes(wiped.undo?.bytes ?? node.overlay.bytes)} discarded.`,
    undo: () => act('undo', wiped),
  });
}

async function undoWipe({ id }: Node): Promise<void> {
  const node = await lab.until(id, isSettled);
  if (!node) return;
  await api.undoWipe(id);
  const back = await turned(node);
  if (back)
    toasts.done({ subject: id, title: `Undid the wipe of ${back.name}`, detail: 'Its disk is back.' });
}

/** Waits until the node stands on another overlay than before; throws the problem if that failed. */
async function turned(before: Node): Promise<Node | undefined> {
  const other = (node: Node) => node.generation !== before.generation;
  const node = await lab.until(before.id, (it) => isSettled(it) && (other(it) || Boolean(it.problem)));
  if (node?.problem && !other(node)) throw new LabError(node.problem);
  return node;
}

async function remove(node: Node): Promise<void> {
  await api.remove(node.id, false);
  toasts.done({
    subject: node.id,
    title: `Deleted ${node.name}`,
    undo: () => act('restore', node),
  });
}

const direct: Partial<Record<Action, [verb: string, command: (node: Node) => Promise<unknown>]>> = {
  start: ['start', (node) => api.start(node.id)],
  stop: ['stop', (node) => api.stop(node.id)],
  forceOff: ['force off', (node) => api.forceOff(node.id)],
  reboot: ['reboot', (node) => api.reboot(node.id)],
  pause: ['pause', (node) => api.pause(node.id)],
  resume: ['resume', (node) => api.resume(node.id)],
  wipe: ['wipe', wipe],
  undo: ['undo the wipe of', undoWipe],
  restore: ['make', (node) => api.restore(node.id)],
  delete: ['delete', remove],
};

/** Performs an action on a node, or opens what asks for its details. */
export const act: Act = (action, node) => {
  const command = direct[action];
  if (command) void attempt(`Could not ${command[0]} ${node.name}`, node.id, () => command[1](node));
  else if (action === 'measure')
    api.show(node.id).catch(() => undefined); // the last size stays, and the banner tells why
  else if (action === 'console') view.show('console', node.id);
  else dialogs.open({ kind: action as NodeDialog, node });
};

const past: Record<BulkVerb, string> = {
  start: 'Started',
  stop: 'Asked to stop',
  wipe: 'Wiped',
  delete: 'Deleted',
};

/** Asks one verb of many nodes and tells what befell each. */
export async function bulk(verb: BulkVerb, nodes: Node[]): Promise<void> {
  await attempt(`Could not ${verb} ${plural(nodes.length, 'node')}`, 'bulk', async () => {
    const ask = {
      start: api.start,
      stop: api.stop,
      wipe: api.wipe,
      delete: (id: string) => api.remove(id, false),
    };
    const outcomes = await Promise.allSettled(nodes.map(({ id }) => ask[verb](id)));
    tell(
      verb,
      nodes,
      outcomes.map((it) => (it.status === 'rejected' ? { problem: problemOf(it.reason) } : {})),
    );
  });
}

function tell(verb: BulkVerb, nodes: Node[], results: { problem?: Problem }[]): void {
  const done = nodes.filter((_, i) => !results[i]?.problem);
  const lines = results.flatMap(({ problem }, i) =>
    problem ? [failure(nodes[i]?.name ?? '', problem)] : [],
  );
  const back = { wipe: 'undo', delete: 'restore' } as const;
  const undo =
    verb in back ? () => done.forEach((node) => act(back[verb as 'wipe' | 'delete'], node)) : undefined;
  const news = { subject: 'bulk', detail: detail(verb, done), undo: done.length ? undo : undefined };
  if (lines.length === 0) toasts.done({ ...news, title: `${past[verb]} ${plural(done.length, 'node')}` });
  else
    toasts.mixed({
      ...news,
      lines,
      title: `${past[verb]} ${done.length} of ${plural(nodes.length, 'node')}`,
    });
}

/** Why a verb failed on a node, with its name unless the message has it. */
function failure(name: string, { message, hint = '' }: Problem): string {
  const whose = message.includes(name) ? '' : `${name}: `;
  return `${whose}${sentence(message)} ${hint}`;
}

const detail = (verb: BulkVerb, nodes: Node[]) =>
  verb === 'wipe'
    ? `${bytes(nodes.reduce((sum, node) => sum + node.overlay.bytes, 0))} discarded.`
    : undefined;

export const removeImage = (name: string) =>
  attempt(`Could not remove ${name}`, name, () => api.removeImage(name));

export const cancelImage = (name: string) =>
  attempt(`Could not cancel ${name}`, name, () => api.cancelImage(name));

export const openConsole = ({ id, name }: Node) =>
  attempt(`Could not open the console of ${name}`, id, () => api.openConsole(id));

export const copyConsoleLink = ({ id, name }: Node) =>
  attempt(`Could not copy the link to ${name}`, id, async () => {
    await api.copyConsoleLink(id);
    toasts.done({
      subject: id,
      title: `Copied the link to the console of ${name}`,
      detail: 'It lets in whoever has it, while SandBoxLabs runs.',
    });
  });
