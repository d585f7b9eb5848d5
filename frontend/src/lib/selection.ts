// Which nodes a click, a key or a lasso selects.

export interface Selection {
  picked: ReadonlySet<string>;
  /** From where Shift extends. */
  anchor: string;
}

export interface Held {
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

export const nothing: Selection = { picked: new Set(), anchor: '' };

/** A click: alone it selects one, Ctrl turns that one over, Shift takes all from the anchor on. */
export function clicked(before: Selection, ids: string[], id: string, held: Held): Selection {
  const more = held.ctrlKey || held.metaKey;
  if (held.shiftKey) return extended(before, ids, id, more);
  if (more) return toggled(before, id);
  return { picked: new Set([id]), anchor: id };
}

export function toggled({ picked }: Selection, id: string): Selection {
  const next = new Set(picked);
  if (!next.delete(id)) next.add(id);
  return { picked: next, anchor: id };
}

/** All between the anchor and a node, in the order shown; with `more` beside what was selected. */
export function extended(before: Selection, ids: string[], id: string, more: boolean): Selection {
  const to = ids.indexOf(id);
  const anchor = ids.includes(before.anchor) ? before.anchor : id;
  const from = ids.indexOf(anchor);
  const range = ids.slice(Math.min(from, to), Math.max(from, to) + 1);
  return { picked: new Set(more ? [...before.picked, ...range] : range), anchor };
}

/** What a lasso holds; with Ctrl or Shift beside what was selected when it began. */
export const lassoed = (before: Selection, held: string[], more: boolean): Selection => ({
  picked: new Set(more ? [...before.picked, ...held] : held),
  anchor: held[0] ?? before.anchor,
});
