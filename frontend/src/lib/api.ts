// The one door to the program. Every call rejects with a LabError. The bindings
// are generated from the window's methods; `serve` provides the same in a browser.

import * as app from '../../wailsjs/go/app/App';
import type { lab, service } from '../../wailsjs/go/models';
import { Environment, EventsOn } from '../../wailsjs/runtime/runtime';
import { LabError, problemOf } from './problem';

export type Node = lab.Node;
export type Image = lab.Image;
export type Link = lab.Link;
export type Undo = lab.Undo;
export type Host = lab.Host;
export type Check = lab.Check;
export type Health = lab.Health;
export type Problem = lab.Problem;
export type LabEvent = lab.Event;
export type State = lab.State;
export type ImageState = lab.ImageState;
export type BulkVerb = service.BulkVerb;
export type BulkResult = service.BulkResult;
export type CreateInput = service.CreateInput;
export type SetInput = service.SetInput;

async function call<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (reason) {
    throw new LabError(problemOf(reason));
  }
}

/** Hands every event to `apply`, the snapshot first; rejects if there can be none. */
export async function subscribe(apply: (event: LabEvent) => void): Promise<void> {
  EventsOn('event', apply);
  await call(app.Subscribe());
}

export const create = (input: CreateInput) => call(app.Create(input));
/** Gives a node, with what it has written measured afresh. */
export const show = (node: string) => call(app.Show(node));
export const start = (node: string) => call(app.Start(node));
export const stop = (node: string) => call(app.Stop(node));
export const forceOff = (node: string) => call(app.ForceOff(node));
export const reboot = (node: string) => call(app.Reboot(node));
export const pause = (node: string) => call(app.Pause(node));
export const resume = (node: string) => call(app.Resume(node));
export const wipe = (node: string) => call(app.Wipe(node));
export const undoWipe = (node: string) => call(app.UndoWipe(node));
export const restore = (node: string) => call(app.Restore(node));
export const rename = (node: string, name: string) => call(app.Rename(node, name));
export const set = (node: string, input: SetInput) => call(app.Set(node, input));

/** Deletes a node; with `purge` nothing is left to restore. */
export const remove = (node: string, purge: boolean) => call(app.Delete(node, purge));

export const clone = (node: string, name: string, copyDisk: boolean) =>
  call(app.Clone(node, { name, copyDisk }));

export const bulk = (verb: `${BulkVerb}`, nodes: string[]) =>
  call(app.Bulk({ verb: verb as BulkVerb, nodes }));

export const addImage = (name: string, path: string) => call(app.AddImage({ name, path }));
export const removeImage = (name: string) => call(app.RemoveImage(name));
export const cancelImage = (name: string) => call(app.CancelImage(name));

export const health = () => call(app.Health());

/** A fresh WebSocket address of a node's display, absolute; it can be used once. */
export async function displayURL(node: string): Promise<string> {
  const ticket = await call(app.Console(node, 'vnc'));
  const url = new URL(ticket.url, location.href);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  return url.href;
}

/** Asks for a file with the desktop's dialog; empty if there was no choice. */
export const pickFile = () => call(app.PickFile());

/** Whether the page is in the window, which has dialogs, rather than in a browser. */
export const hasDialogs = async () => (await Environment()).platform !== 'browser';
