// Which nodes are shown, and in what order. Nodes come ordered by name.

import type { Node, State } from './lab';
import { byText, matches } from './names';

export type NodesView = 'cards' | 'table';
export type Grouping = 'none' | 'state' | 'image';
export type Sorting = 'name' | 'state' | 'image' | 'age';

export interface Filter {
  q: string;
  /** Every state, or every image, if none is named. */
  states: string[];
  image: string;
}

/** Nodes under one heading; without groups there is one without a title. */
export interface Section {
  title: string;
  ids: string[];
}

/** What is under way comes first, then what wants to be looked at. */
export const states: State[] = ['running', 'starting', 'stopping', 'paused', 'failed', 'missing', 'stopped'];

/** Whether an arrangement is another when nodes change state. */
export const turnsOnState = (filter: Filter, group: Grouping, sort: Sorting): boolean =>
  filter.states.length > 0 || group === 'state' || sort === 'state';

export function passes({ name, image, notes, state }: Node, filter: Filter): boolean {
  return (
    (filter.states.length === 0 || filter.states.includes(state)) &&
    (filter.image === '' || filter.image === image) &&
    matches(filter.q, [name, image, notes])
  );
}

/** Whether anything is filtered out. */
export const isFiltering = ({ q, states, image }: Filter): boolean =>
  q.trim() !== '' || states.length > 0 || image !== '';

type Order = (a: Node, b: Node) => number;

const byState: Order = (a, b) => states.indexOf(a.state) - states.indexOf(b.state);
const byImage: Order = (a, b) => (a.image === b.image ? 0 : byText(a.image, b.image));

const orders: Record<Sorting, Order> = {
  name: () => 0,
  state: byState,
  image: byImage,
  // The newest first. Their texts are not ordered as they are: a whole second has no fraction.
  age: (a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt),
};

/** Filters, sorts and groups; what is equal stays in the order it came in. */
export function arrange(nodes: Node[], filter: Filter, group: Grouping, sort: Sorting): Section[] {
  const shown = nodes.filter((node) => passes(node, filter));
  if (sort !== 'name') shown.sort(orders[sort]);
  if (group === 'none') return [{ title: '', ids: shown.map(({ id }) => id) }];
  shown.sort(orders[group]);
  const sections = new Map<string, string[]>();
  for (const node of shown) {
    const ids = sections.get(node[group]);
    if (ids) ids.push(node.id);
    else sections.set(node[group], [node.id]);
  }
  return [...sections].map(([title, ids]) => ({ title, ids }));
}
