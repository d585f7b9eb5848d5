// The one door to the program. Every call rejects with a LabError. The bindings
// are generated from the window's methods; `serve` provides the same in a browser.

import * as app from '../../wailsjs/go/app/App';
import type { app as desktop, lab, service } from '../../wailsjs/go/models';
import {
  BrowserOpenURL,
  ClipboardGetText,
  ClipboardSetText,
  Environment,
  EventsOn,
  OnFileDrop,
} from '../../wailsjs/runtime/runtime';
import { copy } from './clipboard';
import { LabError, problemOf } from './problem';
import type { Transport } from './screen';
import { base64, send } from './transfer';

export type Node = lab.Node;
export type Image = lab.Image;
export type Defaults = lab.Defaults;
export type Probe = lab.Probe;
export type Offers = lab.Offers;
export type CatalogueEntry = lab.CatalogueEntry;
export type Unused = lab.Unused;
export type FirstBootChoices = lab.FirstBootChoices;
export type FirstBootInput = lab.FirstBootInput;
export type Link = lab.Link;
export type Undo = lab.Undo;
export type Host = lab.Host;
export type Check = lab.Check;
export type Health = lab.Health;
export type Problem = lab.Problem;
export type LabEvent = lab.Event;
export type State = lab.State;
export type ImageState = lab.ImageState;
export type Usage = lab.Usage;
export type Inspection = lab.Inspection;
export type Address = lab.Address;
export type Moment = lab.Moment;
export type MomentKind = lab.MomentKind;
export type AddImageInput = Pick<service.AddImageInput, 'name'> & Partial<service.AddImageInput>;
export type CreateInput = service.CreateInput;
/** What is left out stays as it is. */
export type SetInput = Partial<service.SetInput>;
export type GatewayStatus = lab.GatewayStatus;
export type GatewaySettings = lab.GatewaySettings;
export type GatewayReport = lab.GatewayReport;
export type GatewayMode = lab.GatewayMode;
export type GatewayState = lab.GatewayState;
export type Registration = lab.Registration;
export type StackService = lab.StackService;
export type Setting = lab.Setting;
export type Settings = lab.Settings;
export type SettingsChange = lab.SettingsChange;
export type Folder = lab.Folder;
export type CrashReport = lab.CrashReport;
export type Migration = lab.Migration;
export type MigrateInput = service.MigrateInput;
export type MoveStatus = lab.MoveStatus;
export type MigrationStatus = lab.MigrationStatus;
export type Opening = lab.Opening;
export type Appearance = desktop.Appearance;
/** What closing the window comes to. */
export interface Closing {
  /** It can hide in the tray. */
  tray: boolean;
  /** How many nodes go on. */
  running: number;
  /** There is nothing to choose: it is said once that nodes go on. */
  told: boolean;
}
export type Autostart = lab.Autostart;

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

/** What is chosen of how the page is; each is empty where that is the desktop's, or can not be told. */
export interface Chosen {
  /** As `de`. */
  language: string;
  /** Of colours, `dark` or `light`. */
  scheme: string;
}

/** Says what is chosen whenever it may be something else, also if that was before events came. */
export function onChosen(take: (chosen: Chosen) => void): void {
  EventsOn('event', ({ desktop }: LabEvent) => {
    if (desktop) take(desktop);
  });
}

/** Says when anything that is set may be something else. */
export function onSettings(changed: () => void): void {
  EventsOn('event', ({ kind }: LabEvent) => {
    if (['settings', 'snapshot'].includes(kind)) changed();
  });
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
export const set = (node: string, input: SetInput) => call(app.Set(node, input as service.SetInput));

/** Deletes a node; with `purge` nothing is left to restore. */
export const remove = (node: string, purge: boolean) => call(app.Delete(node, purge));

export const clone = (node: string, name: string, copyDisk: boolean) =>
  call(app.Clone(node, { name, copyDisk }));

/** What the running nodes have used so far, all in one call. */
export const usage = () => call(app.Usage());
/** The domain's XML and the guest's addresses. */
export const inspect = (node: string) => call(app.Inspect(node));
/** What happened to a node, oldest first. */
export const history = async (node: string) => (await call(app.History(node))) ?? [];
/** The nodes that can be restored, the one deleted last first. */
export const deleted = () => call(app.Deleted());
/** What the machine can do and has free now. */
export const host = () => call(app.Host());

export const preferences = () => call(app.Preferences());
/** Keeps what is given, beside what is kept; an empty value forgets one. */
export const prefer = (changes: Record<string, string>) => call(app.Prefer(changes));

/** The address of a picture of a node's display, a PNG some `width` pixels wide. */
export const pictureURL = (node: string, width: number) =>
  `/screenshot/${node}?width=${width}&at=${Date.now()}`;

/** Begins to make an image; what it was made of arrives as events. */
export const addImage = (input: AddImageInput) => call(app.AddImage(input as service.AddImageInput));
/** What can be made of a file on this machine, asked in a moment. */
export const probeImage = (path: string) => call(app.ProbeImage(path));
/** The images that publishers offer. */
export const catalogue = () => call(app.Catalogue());
/** Begins to read all of an image, and to compare its checksum. */
export const verifyImage = (name: string) => call(app.VerifyImage(name));
/** Begins to make an image that no node stands on take less room. */
export const compressImage = (name: string) => call(app.CompressImage(name));
/** Begins to let the disk of an image that no node stands on grow to a size in bytes. */
export const growImage = (name: string, bytes: number) => call(app.ResizeImage(name, bytes));
export const renameImage = (name: string, to: string) => call(app.RenameImage(name, to));
/** What no node uses; what is named of it is removed. */
export const prune = (images: string[] = [], volumes: string[] = []) =>
  call(app.PruneImages({ images, volumes }));
/** What there is to choose from for the first boot of a node. */
export const firstBoot = () => call(app.FirstBoot());
/** Gives an image other defaults for its nodes to come. */
export const changeImage = (name: string, to: Defaults) => call(app.ChangeImage(name, to));
export const removeImage = (name: string) => call(app.RemoveImage(name));
export const cancelImage = (name: string) => call(app.CancelImage(name));

export const health = () => call(app.Health());

export const gateway = () => call(app.Gateway());
/** Saves what is set of the gateway, and applies it at once. */
export const setGateway = (settings: GatewaySettings) => call(app.SetGateway(settings));
/** Tries settings, one step after the other; some 15 seconds at most. */
export const testGateway = (settings: GatewaySettings) => call(app.TestGateway(settings));
export const gatewayUp = () => call(app.GatewayUp());
export const gatewayDown = () => call(app.GatewayDown());
export const gatewayLogs = () => call(app.GatewayLogs());

/** What can be set, but for the gateway, as it is in the file now. */
export const settings = () => call(app.Settings());
/** Changes some of it, and gives all of it. */
export const changeSettings = (change: SettingsChange) => call(app.ChangeSettings(change));

/** Where the program keeps what, not yet measured. */
export const folders = async () => (await call(app.Folders())) ?? [];
export const measureFolder = (name: Folder['name']) => call(app.MeasureFolder(name));
/** Shows a folder in the file manager, where there is a window. */
export const openFolder = (name: Folder['name']) => call(app.OpenFolder(name));
/** The last lines of the program's log. */
export const logTail = () => call(app.Log());
export const openLog = () => call(app.OpenLog());
/** Has the program close and begin anew, where it has a window. */
export const restart = () => call(app.Restart());

/** How the program ended unexpectedly, as far as nobody has read it. */
export const crashes = async () => (await call(app.Crashes())) ?? [];
export const crashRead = (name: string) => call(app.CrashRead(name));
/** Writes what went wrong in the page to the program's log. */
export const complain = (text: string) => call(app.Complain(text));

/**
 * Opens the node's console in Guacamole's own page, in the person's browser, by an address
 * that is good once: others on the computer can read what programs are started with.
 */
export async function openConsole(node: string): Promise<void> {
  const ticket = await call(app.Console(node, 'visit'));
  BrowserOpenURL(new URL(ticket.url, location.href).href);
}

/** Copies the address of that page: it lets in whoever has it. */
export async function copyConsoleLink(node: string): Promise<void> {
  const link = await call(app.ConsoleLink(node));
  if (!(await writeClipboard(link))) await copy(link);
}

/** Opens an address in the person's browser or mail program. */
export const openLink = (url: string) => BrowserOpenURL(url);

const kinds: Record<Transport, string> = { direct: 'vnc', guacamole: 'tunnel' };

/** A fresh WebSocket address of a node's display, absolute; it can be used once. */
export const displayURL = (node: string, transport: Transport) => socketURL(node, kinds[transport]);

/** A fresh WebSocket address of a node's first serial port: binary frames, both ways. */
export const serialURL = (node: string) => socketURL(node, 'serial');

async function socketURL(node: string, kind: string): Promise<string> {
  const ticket = await call(app.Console(node, kind));
  const url = new URL(ticket.url, location.href);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  return url.href;
}

/** Asks for a file with the desktop's dialog; empty if there was no choice. */
export const pickFile = () => call(app.PickFile());
export const pickFolder = () => call(app.PickFolder());

/** What would be done with a folder of the web prototype; nothing is. */
export const planMigration = (input: MigrateInput) => call(app.PlanMigration(input));
/** Begins to bring its nodes over; how far it is arrives as events. */
export const migrate = (input: MigrateInput) => call(app.Migrate(input));
export const cancelMigration = () => call(app.CancelMigration());

/** What is on its way to the program, and how far it is, from 0 to 1. */
export interface Sending {
  name: string;
  part: number;
  cancel: () => void;
}

/**
 * Calls `take` with the paths of the files that are dropped on the page. A browser tells no paths: what is
 * dropped there is sent to the program first, with `tell` told how far that is. What is cancelled, or fails,
 * leaves nothing; no paths then come.
 */
export async function onDropped(
  take: (paths: string[]) => void,
  tell: (sending: Sending) => void,
  failed: (problem: LabError) => void,
): Promise<void> {
  if (await hasDialogs()) {
    OnFileDrop((_x, _y, paths) => take(paths.filter((path) => path.startsWith('/'))), false);
    return;
  }
  addEventListener('dragover', (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    const files = [...(event.dataTransfer?.files ?? [])];
    void sendAll(files, tell).then(take, (reason: unknown) => failed(new LabError(problemOf(reason))));
  });
}

/** Whether what is dragged over the page are files. */
export const carriesFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false;

async function sendAll(files: File[], tell: (sending: Sending) => void): Promise<string[]> {
  const stop = new AbortController();
  const paths: string[] = [];
  try {
    for (const file of files) {
      const at = (part: number) => tell({ name: file.name, part, cancel: () => stop.abort() });
      paths.push(await send(file, at, stop.signal));
    }
    return paths;
  } catch (reason) {
    await Promise.all(paths.map(discard));
    if (stop.signal.aborted) return [];
    throw reason;
  }
}

/** Lets the program remove a file that was sent and is not wanted after all; where files are not sent, nothing. */
export async function discard(path: string): Promise<void> {
  if (await hasDialogs()) return;
  const answer = await fetch(`/upload?path=${encodeURIComponent(path)}`, { method: 'DELETE' });
  if (!answer.ok) throw new LabError(problemOf(await answer.text()));
}

/** Hands what the window is asked to show to `show`: what it was started for, and whatever comes. */
export async function onOpening(show: (asked: Opening) => void): Promise<void> {
  if (!(await hasDialogs())) return;
  const ask = async () => show(await call(app.Opening()));
  EventsOn('opening', () => void ask());
  await ask();
}

/** Hands what closing the window is to do to `ask`, which is answered by one of the three below. */
export async function onClosing(ask: (closing: Closing) => void): Promise<void> {
  if (await hasDialogs()) EventsOn('closing', ask);
}

export const hideWindow = () => call(app.Hide());
export const quit = () => call(app.Quit());
/** The window stays as it is. */
export const stay = () => call(app.Stay());

/** Hands `take` what of the desktop's looks the page can not learn by itself, now and when it changes. */
export async function onAppearance(take: (appearance: Appearance) => void): Promise<void> {
  if (!(await hasDialogs())) return;
  EventsOn('appearance', take);
  take(await call(app.Appearance()));
}

/**
 * Tells what the person looks at, a screen and which node (its UUID) or image (its name) of it, and
 * whether they do: what they see needs no notification.
 */
export const look = (focused: boolean, screen: string, thing: string) =>
  call(app.Look(focused, screen, thing));

/** Tells whether the window is started with the desktop session. */
export const autostart = () => call(app.Autostart());
export const setAutostart = (on: boolean) => call(app.SetAutostart(on));

/** Whether the page is in the window, which has dialogs, rather than in a browser. */
export const hasDialogs = async () => (await Environment()).platform !== 'browser';

/**
 * Keeps a picture or a film of a console: in the person's folder for such, whose path it gives,
 * or as a browser's download.
 */
export async function keep(name: string, content: Blob): Promise<string> {
  if (await hasDialogs()) return call(app.Keep(name, await base64(content)));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return name;
}

/** The clipboard's text; undefined where only a paste may tell, as in most browsers. */
export async function readClipboard(): Promise<string | undefined> {
  return (await hasDialogs()) || (await mayRead()) ? ClipboardGetText() : undefined;
}

/** Whether a browser lets the page read without asking the person each time. */
async function mayRead(): Promise<boolean> {
  try {
    const name = 'clipboard-read' as PermissionName; // of Chromium alone
    return (await navigator.permissions.query({ name })).state === 'granted';
  } catch {
    return false;
  }
}

/** Copies a text, by whichever way there is. */
export async function copyText(text: string): Promise<void> {
  if (!(await writeClipboard(text))) await copy(text);
}

/** Gives whether it could. */
export const writeClipboard = (text: string) => ClipboardSetText(text);
