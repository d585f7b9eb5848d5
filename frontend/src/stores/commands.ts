// What the person asks for. Commands call the program and tell of failures; what
// changed arrives as events. Each is kept among the activity until its effect has come.

import type { Act } from '../lib/actions';
import * as api from '../lib/api';
import type { AddImageInput, CreateInput, Defaults, Node, SetInput } from '../lib/lab';
import { problemOf } from '../lib/problem';
import { within } from '../lib/words';
import { activity, type Told } from './activity.svelte';
import { dialogs, type NodeDialog } from './dialogs.svelte';
import { list } from './list.svelte';
import { toasts } from './toasts.svelte';
import { change, verbs, type Command } from './verbs';
import { view } from './view.svelte';
import { workspace } from './workspace.svelte';

export { bulk } from './bulk';

/** Does something and keeps it among the activity; a failure is told of. Gives whether it was done. */
export async function attempt<T>(
  title: string,
  subject: string,
  work: (entry: number) => Promise<T>,
  tell?: (result: T) => Told,
): Promise<boolean> {
  let entry = 0;
  try {
    await activity.track(title, (id) => work((entry = id)), tell);
    return true;
  } catch (reason) {
    toasts.fail(`Could not ${within(title)}`, problemOf(reason), subject, entry);
    return false;
  }
}

async function perform({ title, done, back, work }: Command, node: Node): Promise<void> {
  let detail: string | undefined;
  const tell = (result: unknown) => {
    detail = typeof result === 'string' ? result : undefined;
    return { detail };
  };
  const succeeded = await attempt(title(node.name), node.id, () => work(node), tell);
  if (!succeeded || !done) return;
  const undo = back ? () => act(back, node) : undefined;
  toasts.done({ subject: node.id, title: done(node.name), detail, undo });
}

function showSerial(id: string): void {
  workspace.turn(id, 'serial');
  view.show('console', id);
}

/** Performs an action on a node, or opens what asks for its details. */
export const act: Act = (action, node) => {
  const command = verbs[action];
  if (command) void perform(command, node);
  else if (action === 'measure')
    api.show(node.id).catch(() => undefined); // the last size stays, and the banner tells why
  else if (action === 'console') view.show('console', node.id);
  else if (action === 'serial') showSerial(node.id);
  else if (action === 'set') view.detail(node.id, 'resources');
  else if (action === 'rename') list.rename(node);
  else dialogs.open({ kind: action as NodeDialog, node });
};

// What dialogs send: they tell of a failure themselves, and stay open with what was typed.

export const create = (input: CreateInput) => activity.track(`Create ${input.name}`, () => api.create(input));

export const rename = ({ id, name }: Node, to: string) =>
  activity.track(`Rename ${name} to ${to}`, () => api.rename(id, to));

export const set = ({ id, name }: Node, input: SetInput) =>
  activity.track(`Change ${name}`, () => api.set(id, input));

export const clone = ({ id, name }: Node, to: string, disk: boolean) =>
  activity.track(`Clone ${name} as ${to}`, () => api.clone(id, to, disk));

export const forceOff = (node: Node) =>
  activity.track(`Force off ${node.name}`, () => change('forceOff', node, () => api.forceOff(node.id)));

export const forget = ({ id, name }: Node) => activity.track(`Forget ${name}`, () => api.remove(id, true));

export const addImage = (input: AddImageInput) =>
  activity.track(`Add image ${input.name}`, () => api.addImage(input));

export const changeImage = (name: string, to: Defaults) =>
  activity.track(`Change image ${name}`, () => api.changeImage(name, to));

export const renameImage = (name: string, to: string) =>
  activity.track(`Rename image ${name} to ${to}`, () => api.renameImage(name, to));

export const growImage = (name: string, bytes: number) =>
  activity.track(`Grow image ${name}`, () => api.growImage(name, bytes));

/** Makes a base image of a node's disk. */
export const publish = ({ id, name }: Node, as: string, compress: boolean) =>
  activity.track(`Publish ${name} as ${as}`, () => api.addImage({ name: as, node: id, compress }));

export const prune = (images: string[], volumes: string[]) =>
  activity.track('Remove what no node uses', () => api.prune(images, volumes));

export const compressImage = (name: string) =>
  attempt(`Compress image ${name}`, name, () => api.compressImage(name));

export const verifyImage = (name: string) =>
  attempt(`Verify image ${name}`, name, () => api.verifyImage(name));

export const removeImage = (name: string) =>
  activity.track(`Remove image ${name}`, () => api.removeImage(name));

export const cancelImage = (name: string) =>
  attempt(`Cancel image ${name}`, name, () => api.cancelImage(name));

export const openConsole = ({ id, name }: Node) =>
  attempt(`Open the console of ${name}`, id, () => api.openConsole(id));

export const copyConsoleLink = async ({ id, name }: Node) => {
  const done = await attempt(`Copy the link to ${name}`, id, () => api.copyConsoleLink(id));
  if (done)
    toasts.done({
      subject: id,
      title: `Copied the link to the console of ${name}`,
      detail: 'It lets in whoever has it, while SandBoxLabs runs.',
    });
};
