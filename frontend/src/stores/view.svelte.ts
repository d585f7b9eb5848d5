import { SvelteSet } from 'svelte/reactivity';

export type Screen = 'nodes' | 'images' | 'health' | 'settings' | 'console';

const screens: Screen[] = ['nodes', 'images', 'health', 'settings', 'console'];

/** Which screen is in front, kept in the address, and which consoles are open. */
class View {
  #hash = $state(location.hash);
  #consoles = new SvelteSet<string>();

  constructor() {
    addEventListener('hashchange', () => this.#follow());
    this.#follow();
  }

  get screen(): Screen {
    const name = this.#hash.slice(2).split('/')[0];
    return screens.find((screen) => screen === name) ?? 'nodes';
  }

  /** The node whose console is in front, if one is. */
  get console(): string | undefined {
    return this.screen === 'console' ? this.#hash.split('/')[2] : undefined;
  }

  /** Nodes with an open console, in the order of opening. */
  get consoles(): ReadonlySet<string> {
    return this.#consoles;
  }

  /** Brings a screen, or a node's console, to the front. */
  show(screen: Screen, node = ''): void {
    location.hash = node ? `#/${screen}/${node}` : `#/${screen}`;
    this.#follow();
  }

  close(node: string): void {
    this.#consoles.delete(node);
    if (this.console === node) this.#leave();
  }

  #follow(): void {
    this.#hash = location.hash;
    if (this.console) this.#consoles.add(this.console);
  }

  #leave(): void {
    const next = [...this.#consoles].at(-1);
    if (next) this.show('console', next);
    else this.show('nodes');
  }
}

export const view = new View();
