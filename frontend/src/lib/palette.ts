// What the command palette offers: every verb on every node, and every screen.

import { menu, primary, wipeLoss, type Action, type Offer } from './actions';
import { bytes, memory, plural } from './format';
import { best, text, wordsOf, type Findable } from './fuzzy';
import type { BulkVerb, Image, Node } from './lab';
import { asked } from './titles';

export type Run =
  | { kind: 'act'; action: Action; node: string }
  | { kind: 'detail'; tab: string; node: string }
  | { kind: 'bulk'; verb: BulkVerb }
  | { kind: 'screen'; screen: 'nodes' | 'images' | 'activity' | 'health' | 'settings' }
  | { kind: 'create'; image?: string }
  | { kind: 'addImage' }
  | { kind: 'shortcuts' };

export interface Item extends Findable {
  id: string;
  label: string;
  icon: string;
  run: Run;
}

/** How an item stands now: asked for only of those that are shown. */
export interface Standing {
  /** Why it can not be run; empty if it can. */
  blocked: string;
  /** What it does beyond its name. */
  note: string;
}

type Title = (it: string) => string;

const verbs: [action: Action, title: Title, icon: string][] = [
  ['console', asked.console, 'console'],
  ['serial', asked.serial, 'serial'],
  ['start', asked.start, 'play'],
  ['stop', asked.stop, 'stop'],
  ['wipe', asked.wipe, 'wipe'],
  ['pause', asked.pause, 'pause'],
  ['resume', asked.resume, 'play'],
  ['reboot', asked.reboot, 'restart'],
  ['forceOff', asked.forceOff, 'power'],
  ['undo', asked.undo, 'undo'],
  ['rename', asked.rename, 'edit'],
  ['set', asked.set, 'sliders'],
  ['consoleSettings', asked.consoleSettings, 'console'],
  ['clone', asked.clone, 'copy'],
  ['delete', asked.delete, 'trash'],
];
const missingVerbs: typeof verbs = [
  ['restore', (it) => `Make ${it} again`, 'restore'],
  ['forget', asked.forget, 'trash'],
];
const tabs: [tab: string, title: Title][] = [
  ['', (it) => `Details of ${it}`],
  ['console', (it) => `Console details of ${it}`],
  ['resources', (it) => `Resources of ${it}`],
  ['notes', (it) => `Notes of ${it}`],
  ['history', (it) => `History of ${it}`],
];

const item = (label: string, icon: string, run: Run): Item => ({
  id: Object.values(run).join(' '),
  label,
  icon,
  run,
  text: text(label),
});

const general: Item[] = [
  item('Go to the nodes', 'nodes', { kind: 'screen', screen: 'nodes' }),
  item('Go to the images', 'images', { kind: 'screen', screen: 'images' }),
  item('Go to the activity', 'activity', { kind: 'screen', screen: 'activity' }),
  item('Go to health', 'health', { kind: 'screen', screen: 'health' }),
  item('Go to the settings', 'settings', { kind: 'screen', screen: 'settings' }),
  item('Create node', 'plus', { kind: 'create' }),
  item('Add image', 'plus', { kind: 'addImage' }),
  item('Show the shortcuts', 'keyboard', { kind: 'shortcuts' }),
];

const verbsOf = ({ state, undo }: Node) =>
  `${state}` === 'missing' ? missingVerbs : verbs.filter(([action]) => action !== 'undo' || undo);

const nodeItems = (node: Node): Item[] => {
  const { id, name } = node;
  return [
    ...verbsOf(node).map(([action, title, icon]) =>
      item(title(name), icon, { kind: 'act', action, node: id }),
    ),
    ...tabs.map(([tab, title]) => item(title(name), 'info', { kind: 'detail', tab, node: id })),
  ];
};

const bulkVerbs: [verb: BulkVerb, icon: string][] = [
  ['start', 'play'],
  ['stop', 'stop'],
  ['wipe', 'wipe'],
  ['delete', 'trash'],
];

/** Everything that can be asked for; `selected` is how many nodes are. */
export function itemsOf(nodes: Node[], images: Image[], selected: number): Item[] {
  const chosen = plural(selected, ['the selected node', 'the # selected nodes']);
  const ready = images.filter(({ state }) => `${state}` === 'ready');
  return [
    ...(selected
      ? bulkVerbs.map(([verb, icon]) => item(asked[verb](chosen), icon, { kind: 'bulk', verb }))
      : []),
    ...general,
    ...nodes.flatMap(nodeItems),
    ...ready.map(({ name }) => item(`Create node from ${name}`, 'plus', { kind: 'create', image: name })),
  ];
}

/** What is found, best first, what was run lately before its likes; `recent` is the latest first. */
export function search(items: Item[], query: string, recent: string[], limit: number): Item[] {
  const words = wordsOf(query);
  if (words.length) {
    const bonus = new Map(recent.map((id, n) => [id, 30 - n]));
    return best(items, words, limit, ({ id }) => bonus.get(id) ?? 0);
  }
  const known = new Map(items.map((it) => [it.id, it]));
  const lately = recent.flatMap((id) => known.get(id) ?? []);
  return [...new Set([...lately, ...items])].slice(0, limit);
}

/** How many of what was run lately come first. */
const memoryOf = 12;

export const remember = (recent: string[], id: string): string[] =>
  [id, ...recent.filter((it) => it !== id)].slice(0, memoryOf);

/** What only brings a console to the front: it can be done in any state. */
const shows = (run: Run) => run.kind === 'act' && (run.action === 'console' || run.action === 'serial');

const isReading = (run: Run) =>
  run.kind === 'screen' || run.kind === 'detail' || run.kind === 'shortcuts' || shows(run);

/** How an item stands with its node as it is now. */
export function standing({ run }: Item, node: Node | undefined, away: string): Standing {
  if (away && !isReading(run)) return { blocked: away, note: '' };
  if (run.kind !== 'act' || shows(run)) return { blocked: '', note: '' };
  if (!node) return { blocked: 'It is gone.', note: '' };
  return { blocked: blockedOf(run.action, node), note: noteOf(run.action, node) };
}

function blockedOf(action: Action, node: Node): string {
  const offers: Offer[] = [primary(node), ...menu(node)];
  const offer = offers.find((it) => it.action === action);
  if (offer) return offer.blocked;
  return action === 'undo' ? 'There is no wipe to undo.' : `It is ${node.state}.`;
}

function noteOf(action: Action, node: Node): string {
  if (action === 'wipe') return `${wipeLoss(node)} Can be undone.`;
  if (action === 'delete') return 'Can be undone.';
  if (action === 'forceOff') return `Loses what is in its ${memory(node.memoryMiB)} of memory.`;
  if (action === 'undo' && node.undo) return `Brings back ${bytes(node.undo.bytes)}.`;
  return '';
}
