import { SvelteSet, SvelteURLSearchParams } from 'svelte/reactivity';

export type Screen = 'nodes' | 'images' | 'activity' | 'health' | 'settings' | 'console';

const screens: Screen[] = ['nodes', 'images', 'activity', 'health', 'settings', 'console'];

/**
 * Which screen is in front, kept in the address, and which consoles are open. The address is
 * #/SCREEN/PATH?QUERY: #/nodes/ID/TAB?q=web shows the details of a node beside what a search found.
 */
class View {
  #hash = $state(location.hash);
  #consoles = new SvelteSet<string>();
  #path = $derived(this.#hash.slice(2).split('?')[0]?.split('/') ?? []);
  #query = $derived(new URLSearchParams(this.#hash.split('?')[1] ?? ''));

  constructor() {
    addEventListener('hashchange', () => this.#follow());
    this.#follow();
  }

  get screen(): Screen {
    return screens.find((screen) => screen === this.#path[0]) ?? 'nodes';
  }

  /** The node whose console is in front, if one is. */
  get console(): string | undefined {
    return this.screen === 'console' ? this.#path[1] : undefined;
  }

  /** The node whose details are shown beside the nodes, if one's are, and which tab of them. */
  get details(): { node: string; tab: string } | undefined {
    const [, node, tab = ''] = this.#path;
    return this.screen === 'nodes' && node ? { node, tab } : undefined;
  }

  /** The image whose details are shown beside the images, if one's are. */
  get image(): string {
    return this.screen === 'images' ? decodeURIComponent(this.#path[1] ?? '') : '';
  }

  /** The entry among the activity that is to be looked at, if one is. */
  get entry(): number {
    return this.screen === 'activity' ? Number(this.#path[1] ?? 0) : 0;
  }

  /** What is asked for in the address: search, filters and the like. */
  get query(): URLSearchParams {
    return this.#query;
  }

  /** Changes what is asked for; an empty value leaves it out. It is no step that Back undoes. */
  ask(changes: Record<string, string>): void {
    const query = new SvelteURLSearchParams(this.#query);
    for (const [key, value] of Object.entries(changes))
      if (value) query.set(key, value);
      else query.delete(key);
    history.replaceState(null, '', address(this.#path, query));
    this.#follow();
  }

  /** Shows the details of a node beside the nodes, or none. */
  detail(node: string, tab = ''): void {
    location.hash = address(['nodes', node, tab], this.screen === 'nodes' ? this.#query : undefined);
    this.#follow();
  }

  /** Nodes with an open console, in the order of their tabs. */
  get consoles(): ReadonlySet<string> {
    return this.#consoles;
  }

  /** Brings a screen, or a node's console, to the front. */
  show(screen: Screen, node = ''): void {
    location.hash = address([screen, node]);
    this.#follow();
  }

  /** Makes a console that is shown already the current one. It is no step that Back undoes. */
  turn(node: string): void {
    if (this.console === node) return;
    history.replaceState(null, '', address(['console', node]));
    this.#follow();
  }

  /** Puts the open consoles in another order. */
  arrange(consoles: string[]): void {
    this.#consoles.clear();
    for (const id of consoles) this.#consoles.add(id);
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

function address(path: string[], query?: URLSearchParams): string {
  const asked = query?.toString();
  return `#/${path.filter(Boolean).join('/')}${asked ? `?${asked}` : ''}`;
}

export const view = new View();
