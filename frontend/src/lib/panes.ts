// Which consoles are shown beside each other.

export const layouts = [1, 2, 4] as const;
export type Layout = (typeof layouts)[number];

export const layoutOf = (kept: string): Layout => layouts.find((it) => `${it}` === kept) ?? 1;

/**
 * What the panes show: each keeps its place as long as its console is open and was used more
 * lately than those that have none. An empty text is an empty pane.
 */
export function arrange(panes: string[], layout: Layout, used: string[]): string[] {
  const wanted = used.slice(0, layout);
  const kept = panes.slice(0, layout).map((id) => (wanted.includes(id) ? id : ''));
  const next = Array.from({ length: layout }, (_, at) => kept[at] ?? '');
  for (const id of wanted) if (!next.includes(id)) next[next.indexOf('')] = id;
  return next;
}

/** Puts a console into a pane; one that is in another changes places with what was there. */
export function put(panes: string[], id: string, at: number): string[] {
  const from = panes.indexOf(id);
  return panes.map((it, place) => (place === at ? id : place === from ? (panes[at] ?? '') : it));
}

/** Moves one of a list to before another, or to the end. */
export function reorder(list: string[], id: string, before?: string): string[] {
  if (id === before) return list;
  const rest = list.filter((it) => it !== id);
  const at = before === undefined ? rest.length : rest.indexOf(before);
  return at < 0 ? list : [...rest.slice(0, at), id, ...rest.slice(at)];
}

/** Moves one of a list by a step. */
export function shift(list: string[], id: string, by: 1 | -1): string[] {
  const at = list.indexOf(id);
  const to = at + by;
  if (at < 0 || to < 0 || to >= list.length) return list;
  const next = list.filter((it) => it !== id);
  next.splice(to, 0, id);
  return next;
}
