import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { Console } from '../lib/console';
import { Held, type Key } from '../lib/keys';
import { arrange, layoutOf, put, reorder, shift, type Layout } from '../lib/panes';
import { preferences } from './preferences.svelte';
import { view } from './view.svelte';

export type Device = 'display' | 'serial';

/** The open consoles: which are shown beside each other, and which get what is typed. */
class Workspace {
  /** The consoles, by the time of their last use, the newest first. */
  #used = $state.raw<string[]>([]);
  #panes = $state.raw<string[]>([]);
  #consoles = new Map<string, Console>();
  #connected = new SvelteSet<string>();
  #broadcasting = $state(false);
  #receivers = new SvelteSet<string>();
  /** What they show, if not the display. */
  #devices = new SvelteMap<string, Device>();
  #recordings = new SvelteMap<string, number>();
  #held = new Held((key, down) => this.#spread(key, down));

  get layout(): Layout {
    return layoutOf(preferences.get('console.layout'));
  }

  set layout(layout: Layout) {
    preferences.set('console.layout', `${layout}`);
    this.follow();
  }

  /** What each pane shows; an empty text is an empty pane. */
  get panes(): string[] {
    return this.#panes;
  }

  /** To be called when another console is current, one is opened or closed, or the layout changes. */
  follow(): void {
    const open = [...view.consoles];
    const current = view.console;
    const known = [...(current ? [current] : []), ...this.#used, ...open];
    this.#used = [...new Set(known)].filter((id) => view.consoles.has(id));
    this.#panes = arrange(this.#panes, this.layout, this.#used);
    for (const id of this.#receivers) if (!view.consoles.has(id)) this.#receivers.delete(id);
    for (const id of this.#devices.keys()) if (!view.consoles.has(id)) this.#devices.delete(id);
  }

  /** Which of its devices a console shows. */
  device(id: string): Device {
    return this.#devices.get(id) ?? 'display';
  }

  turn(id: string, device: Device): void {
    this.#devices.set(id, device);
  }

  /** Shows a console in a pane of its own choice. */
  put(id: string, pane: number): void {
    this.#panes = put(this.#panes, id, pane);
    // What is shown counts as used later than what is not, so that it stays.
    this.#used = [...new Set([id, ...this.#panes.filter(Boolean), ...this.#used])];
    view.turn(id);
  }

  move(id: string, before?: string): void {
    view.arrange(reorder([...view.consoles], id, before));
  }

  step(id: string, by: 1 | -1): void {
    view.arrange(shift([...view.consoles], id, by));
  }

  /** Tells of a console's connection; what it gives is to be called when the console goes. */
  enroll(id: string, console: Console): () => void {
    this.#consoles.set(id, console);
    return () => {
      if (this.#consoles.get(id) === console) this.#consoles.delete(id);
      this.connect(id, false);
    };
  }

  connect(id: string, connected: boolean): void {
    if (connected) this.#connected.add(id);
    else this.#connected.delete(id);
  }

  get broadcasting(): boolean {
    return this.#broadcasting;
  }

  /** To the panes that are shown, or to all consoles where there is one pane. */
  set broadcasting(on: boolean) {
    this.#held.release();
    this.#broadcasting = on;
    this.#receivers.clear();
    if (!on) return;
    for (const id of this.layout > 1 ? this.#panes.filter(Boolean) : view.consoles) this.#receivers.add(id);
  }

  /** Whether what is typed anywhere goes to this console. */
  receives(id: string): boolean {
    return this.#broadcasting && this.#receivers.has(id);
  }

  toggleReceiver(id: string): void {
    this.#held.release();
    if (!this.#receivers.delete(id)) this.#receivers.add(id);
  }

  /** How many consoles get what is typed in the current one. */
  get reached(): number {
    return [...this.#connected].filter((id) => id === view.console || this.#receivers.has(id)).length;
  }

  /** Passes on what was typed in the current console. */
  pass(key: Key, down: boolean): void {
    if (this.#broadcasting) this.#held.press(key, down);
  }

  /** Nothing that was passed on stays pressed. */
  release(): void {
    this.#held.release();
  }

  #spread(key: Key, down: boolean): void {
    for (const id of this.#receivers) if (id !== view.console) this.#consoles.get(id)?.press(key, down);
  }

  /** Since when a console is recorded. */
  recording(id: string): number | undefined {
    return this.#recordings.get(id);
  }

  record(id: string, since?: number): void {
    if (since === undefined) this.#recordings.delete(id);
    else this.#recordings.set(id, since);
  }
}

export const workspace = new Workspace();
