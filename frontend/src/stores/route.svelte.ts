import { untrack } from 'svelte';
import type { Node } from '../lib/lab';
import type { Transport } from '../lib/screen';
import { choose, circumstances, unavailable, type Choice, type Wish } from '../lib/transport';
import { lab } from './lab.svelte';
import { preferences } from './preferences.svelte';

/** What the settings say of consoles that nobody has switched. */
function usual(): Wish {
  const set = preferences.get('console.transport');
  return set === 'direct' || set === 'guacamole' ? set : 'auto';
}

/** The way one console takes to its display. */
export class Route {
  #node: () => Node;
  #display: () => boolean;
  #asked = $state<Wish>();
  #failure = $state('');
  #connected = $state<Transport>();

  constructor(node: () => Node, display: () => boolean) {
    this.#node = node;
    this.#display = display;
  }

  get wish(): Wish {
    return this.#asked ?? usual();
  }

  get choice(): Choice {
    return choose(this.wish, { ...this.#way, failure: this.#failure, connected: this.#connected });
  }

  /** Whether Guacamole could be had and was not, for a failure of its own. */
  get failed(): boolean {
    return this.wish === 'auto' && this.#failure !== '' && !this.unavailable;
  }

  /** Why Guacamole can not be had now; empty if it can. */
  get unavailable(): string {
    return unavailable({ ...this.#way, failure: '' });
  }

  /** Changes whenever Guacamole deserves another try: then call `retry`. */
  get circumstances(): string {
    return circumstances(this.#way, this.#display());
  }

  /** Tells whether the console is connected: what Guacamole carries is left to it then. */
  hold(connected: boolean): void {
    this.#connected = connected ? untrack(() => this.choice.transport) : undefined;
  }

  ask(wish: Wish): void {
    this.#asked = wish;
    this.#connected = undefined;
    this.#failure = '';
  }

  retry(): void {
    this.#failure = '';
  }

  fail(transport: Transport, why: string): void {
    if (transport === 'guacamole') this.#failure = why;
  }

  get #way() {
    return { gateway: lab.gateway, registration: this.#node().gateway };
  }
}
