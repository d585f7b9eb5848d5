import { SvelteMap } from 'svelte/reactivity';
import {
  arrange,
  isFiltering,
  turnsOnState,
  type Filter,
  type Grouping,
  type NodesView,
  type Sorting,
} from '../lib/arrange';
import type { Node } from '../lib/lab';
import { menu } from '../lib/actions';
import { clicked, extended, lassoed, nothing, toggled, type Held, type Selection } from '../lib/selection';
import { lab } from './lab.svelte';
import { preferences } from './preferences.svelte';
import { toasts } from './toasts.svelte';
import { view } from './view.svelte';

/** How long the search rests before the address follows it: WebKit lets it change 100 times in 30 s. */
const patience = 250;
const filters = ['q', 'state', 'image'];
const choices = ['view', 'group', 'sort'];

/**
 * Which nodes are shown, how, and which of them are selected. The address has the choice, so that it
 * can be shared; where that asks for nothing, what was asked for last holds, and at the start what
 * was kept.
 */
class List {
  #selection = $state.raw<Selection>(nothing);
  #typed = $state<string>();
  #timer?: ReturnType<typeof setTimeout>;
  #last = new SvelteMap<string, string>();
  #filter = $derived<Filter>({
    q: this.#typed ?? this.#asked('q'),
    states: this.#asked('state').split(',').filter(Boolean),
    image: this.#asked('image'),
  });
  #sections = $derived.by(() => {
    const turns = turnsOnState(this.#filter, this.group, this.sort);
    return arrange(lab.roster(turns), this.#filter, this.group, this.sort);
  });
  #ids = $derived(this.#sections.flatMap(({ ids }) => ids));
  #shown = $derived(new Set(this.#ids));
  // Only what can be seen is acted on.
  #picked = $derived([...this.#selection.picked].filter((id) => this.#shown.has(id)));

  /** The node that has the keyboard, or had it last. */
  active = $state('');
  /** The node whose name is being changed. */
  renaming = $state('');
  /** How far each view is scrolled: for who comes back. */
  readonly scrolled: Record<NodesView, number> = { cards: 0, table: 0 };

  get view(): NodesView {
    return this.#asked('view') === 'table' ? 'table' : 'cards';
  }

  get group(): Grouping {
    const group = this.#asked('group');
    return group === 'state' || group === 'image' ? group : 'none';
  }

  get sort(): Sorting {
    const sort = this.#asked('sort');
    return sort === 'state' || sort === 'image' || sort === 'age' ? sort : 'name';
  }

  get filter(): Filter {
    return this.#filter;
  }

  get filtering(): boolean {
    return isFiltering(this.#filter);
  }

  get sections() {
    return this.#sections;
  }

  get ids(): string[] {
    return this.#ids;
  }

  /** The selected nodes that are shown. */
  get selection(): Node[] {
    return this.#picked.flatMap((id) => lab.node(id) ?? []);
  }

  get selected(): 'all' | 'some' | 'none' {
    return !this.#picked.length ? 'none' : this.#picked.length === this.#ids.length ? 'all' : 'some';
  }

  isSelected(id: string): boolean {
    return this.#selection.picked.has(id);
  }

  click(id: string, held: Held): void {
    this.#selection = clicked(this.#selection, this.#ids, id, held);
  }

  toggle(id: string): void {
    this.#selection = toggled(this.#selection, id);
  }

  extend(id: string): void {
    this.#selection = extended(this.#selection, this.#ids, id, false);
  }

  selectAll(on: boolean): void {
    this.#selection = on ? { ...this.#selection, picked: this.#shown } : nothing;
  }

  /** Begins a lasso: what this gives takes what it holds by now. */
  lasso(more: boolean): (held: string[]) => void {
    const before = this.#selection;
    return (held) => (this.#selection = lassoed(before, held, more));
  }

  choose(key: 'view' | 'group' | 'sort', value: string): void {
    preferences.set(`nodes.${key}`, value);
    view.ask({ [key]: value });
  }

  search(q: string): void {
    this.#typed = q;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#narrow({ q }), patience);
  }

  toggleState(state: string): void {
    const { states } = this.#filter;
    const next = states.includes(state) ? states.filter((it) => it !== state) : [...states, state];
    this.#narrow({ state: next.join(',') });
  }

  ofImage(image: string): void {
    this.#narrow({ image });
  }

  clearFilters(): void {
    this.#narrow({ q: '', state: '', image: '' });
  }

  /** Has the address say what is shown, where that is not the rule. */
  tell(): void {
    const missing: Record<string, string> = {};
    for (const key of [...choices, ...filters]) {
      const value = this.#asked(key);
      this.#last.set(key, value);
      if (value && !view.query.has(key)) missing[key] = value;
    }
    if (Object.keys(missing).length) view.ask(missing);
  }

  /** Has the name of a node changed in its place, or tells why that can not be. */
  rename(node: Node): void {
    const blocked = menu(node).find(({ action }) => action === 'rename')?.blocked ?? 'The node is missing.';
    if (blocked)
      return toasts.fail(`Could not rename ${node.name}`, { kind: 'busy', message: blocked }, node.id);
    if (view.screen !== 'nodes') view.show('nodes');
    if (!this.#shown.has(node.id)) this.clearFilters();
    this.active = node.id;
    this.renaming = node.id;
  }

  /** What holds: filters are asked for together, so that an address with one has no other. */
  #asked(key: string): string {
    const together = filters.includes(key) ? filters : [key];
    if (together.some((it) => view.query.has(it))) return view.query.get(key) ?? '';
    return this.#last.get(key) ?? this.#kept(key);
  }

  #kept(key: string): string {
    if (!filters.includes(key)) return preferences.get(`nodes.${key}`);
    return new URLSearchParams(preferences.get('nodes.filter')).get(key) ?? '';
  }

  /** What is searched for is not kept: who comes back tomorrow looks for something else. */
  #narrow(changes: { q?: string; state?: string; image?: string }): void {
    clearTimeout(this.#timer);
    const { q, states, image } = this.#filter;
    const next = { q, state: states.join(','), image, ...changes };
    const kept = Object.entries(next).filter(([key, value]) => key !== 'q' && value);
    preferences.set('nodes.filter', new URLSearchParams(kept).toString());
    for (const [key, value] of Object.entries(next)) this.#last.set(key, value);
    // A search may come to rest when another screen is in front already.
    if (view.screen === 'nodes') view.ask(next);
    this.#typed = undefined;
  }
}

export const list = new List();
