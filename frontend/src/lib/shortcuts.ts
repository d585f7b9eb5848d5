// The keys, once: what handles them and the list of them are both made from this table.

import { keyNames } from './keynames';

export type Place = 'Anywhere' | 'In the list of nodes' | 'Details' | 'Console' | 'Palette';

export interface Shortcut {
  id: string;
  /** One or more of: a key, keys held together (Ctrl+K), keys one after the other (g n). */
  keys: string[];
  what: string;
  where: Place;
  /** Whether it also works where one types: only for what no field knows. */
  typing?: boolean;
}

/** What the page itself listens to. */
const pageShortcuts = [
  {
    id: 'palette',
    keys: ['Ctrl+K'],
    what: 'Find a command, a node or a screen',
    where: 'Anywhere',
    typing: true,
  },
  { id: 'shortcuts', keys: ['?'], what: 'Show these shortcuts', where: 'Anywhere' },
  { id: 'search', keys: ['/', 'Ctrl+F'], what: 'Search the nodes', where: 'Anywhere' },
  { id: 'create', keys: ['n'], what: 'New node', where: 'Anywhere' },
  { id: 'nodes', keys: ['g n'], what: 'Go to the nodes', where: 'Anywhere' },
  { id: 'images', keys: ['g i'], what: 'Go to the images', where: 'Anywhere' },
  { id: 'activity', keys: ['g a'], what: 'Go to the activity', where: 'Anywhere' },
  { id: 'health', keys: ['g h'], what: 'Go to health', where: 'Anywhere' },
  { id: 'settings', keys: ['g s'], what: 'Go to the settings', where: 'Anywhere' },
  { id: 'undo', keys: ['Ctrl+Z'], what: 'Undo what the newest message tells of', where: 'Anywhere' },
  { id: 'dismiss', keys: ['Escape'], what: 'Dismiss the newest message', where: 'Anywhere' },
] as const satisfies Shortcut[];

/** What has the keyboard in the list: the screen, a control of a node, or the node itself. */
const grips = ['screen', 'control', 'node'] as const;
export type Grip = (typeof grips)[number];

const steps = ['↑', '↓', '←', '→'];
const leaps = ['Home', 'End', 'PageUp', 'PageDown'];
const withShift = (keys: string[]) => keys.map((key) => `Shift+${key}`);

/**
 * What the list of nodes listens to. What must have the keyboard at least is named first: a button
 * knows Space and Enter itself.
 */
const listKeys = [
  ['step', 'screen', steps, 'Go to another node'],
  ['leap', 'screen', leaps, 'Go to an end, or a page on'],
  ['extend', 'screen', withShift(steps), 'Select on the way'],
  ['stretch', 'screen', withShift(leaps), 'Select all on the way'],
  ['toggle', 'node', ['Space'], 'Select the node, or not'],
  ['all', 'screen', ['Ctrl+A'], 'Select all nodes'],
  ['none', 'screen', ['Escape'], 'Select none'],
  ['console', 'node', ['Enter'], 'Open the console'],
  ['details', 'control', ['d', 'Alt+Enter'], 'Open the details'],
  ['rename', 'control', ['F2'], 'Rename in place'],
  ['delete', 'control', [/* @wc-ignore */ 'Delete'], 'Delete what is selected, or the node'],
  ['menu', 'control', [/* @wc-ignore */ 'Menu', 'Shift+F10'], 'Open the menu of the node'],
] as const;

/** What parts of the page listen to themselves, while they have the keyboard. */
const ownShortcuts: Shortcut[] = [
  ...listKeys.map(([id, , keys, what]) => ({
    id: `list-${id}`,
    keys: [...keys],
    what,
    where: 'In the list of nodes' as const,
  })),
  { id: 'leave', keys: ['Ctrl+Alt'], what: 'Leave the console: press both and let go', where: 'Console' },
  {
    id: 'consoles',
    keys: ['Ctrl+PageUp', 'Ctrl+PageDown'],
    what: 'Another console: once you left the guest, which gets all keys',
    where: 'Console',
  },
  {
    id: 'tab-move',
    keys: ['Alt+↑', 'Alt+↓'],
    what: 'Move the tab of a console',
    where: 'Console',
  },
  { id: 'serial-search', keys: ['Ctrl+Shift+F'], what: 'Search the serial output', where: 'Console' },
  {
    id: 'serial-copy',
    keys: ['Ctrl+Shift+C', 'Ctrl+Shift+V'],
    what: 'Copy and paste in it',
    where: 'Console',
  },
  { id: 'palette-run', keys: ['Enter'], what: 'Run what is marked', where: 'Palette' },
  { id: 'palette-move', keys: ['↑', '↓'], what: 'Mark another', where: 'Palette' },
];

export type ShortcutId = (typeof pageShortcuts)[number]['id'];
export type ListKey = (typeof listKeys)[number][0];

export const shortcuts: readonly Shortcut[] = [...pageShortcuts, ...ownShortcuts];

/** The first keys of a shortcut, as they are printed, for a tooltip. */
export const keysOf = (id: string): string => keyNames(shortcuts.find((it) => it.id === id)?.keys[0] ?? '');

/** Between two keys of a sequence, in milliseconds. */
const patience = 1_000;

export interface Press {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

const modifiers = new Set(['Control', 'Alt', 'Shift', 'Meta', 'AltGraph', 'Dead']);

/** Keys that the table spells as they are printed. */
const printed: Record<string, string> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  ContextMenu: /* @wc-ignore */ 'Menu',
  ' ': 'Space',
};

/** How the table spells what was pressed. */
function spell({ key, ctrlKey, altKey, metaKey, shiftKey }: Press): string {
  const letter = key.length === 1 && key !== ' ';
  if (letter && !ctrlKey && !altKey && !metaKey) return key; // Shift is in the sign: ?
  const held = [ctrlKey && 'Ctrl', altKey && 'Alt', metaKey && 'Meta', shiftKey && 'Shift'];
  const name = printed[key] ?? (letter ? key.toUpperCase() : key);
  return [...held.filter(Boolean), name].join('+');
}

/** What a key asks of the list of nodes. */
export function listKey(press: Press, grip: Grip): ListKey | undefined {
  const spelled = spell(press);
  const found = listKeys.find(([, , keys]) => (keys as readonly string[]).includes(spelled));
  return found && grips.indexOf(grip) >= grips.indexOf(found[1]) ? found[0] : undefined;
}

/** Tells which of the page's shortcuts a key press is, or ends. */
export class Keys {
  #first = '';
  #at = -Infinity;

  /** `typing`: the keyboard is where one types. */
  press(press: Press, typing: boolean, now: number): ShortcutId | undefined {
    if (modifiers.has(press.key)) return undefined;
    const spelled = spell(press);
    const sequence = now - this.#at < patience ? `${this.#first} ${spelled}` : '';
    const usable = pageShortcuts.filter((it: Shortcut) => !typing || it.typing);
    const is = (keys: string) => usable.find((it: Shortcut) => it.keys.includes(keys))?.id;
    const found = (sequence && is(sequence)) || is(spelled);
    const begins = !found && usable.some((it: Shortcut) => it.keys.some((k) => k.startsWith(`${spelled} `)));
    this.#first = begins ? spelled : '';
    this.#at = begins ? now : -Infinity;
    return found || undefined;
  }
}

/** The console and the terminal: every key is the guest's. */
const guests = '[role=application], .xterm';
const fields = 'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]';

/** What has the keyboard: a guest, a field one types in, something in a dialog, or the page. */
export function holder(target: EventTarget | null): 'guest' | 'field' | 'dialog' | 'page' {
  if (!(target instanceof Element)) return 'page';
  if (target.closest(guests)) return 'guest';
  if (target.closest(fields)) return 'field';
  return target.closest('dialog, [role=dialog], [role=alertdialog], [role=menu]') ? 'dialog' : 'page';
}
