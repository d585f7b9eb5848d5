import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import type { GatewayStatus, Image, LabEvent, Link, Migration, Node, State } from '../lib/lab';
import { byName } from '../lib/names';

/** What the program last said of nodes, images, its connection and the gateway. `apply` alone writes. */
export class Lab {
  #nodes = new SvelteMap<string, Node>();
  #images = new SvelteMap<string, Image>();
  #moments = new SvelteMap<string, number>();
  #link = $state.raw<Link>();
  #gateway = $state.raw<GatewayStatus>();
  #migration = $state.raw<Migration>();
  #known = $state(false);
  #waiting: (() => boolean)[] = [];
  /** Counts what an order of the nodes depends on: who is there, and what they are called and stand on. */
  #cast = $state(0);
  /** Counts changes of state. */
  #turns = $state(0);
  #tally = new SvelteMap<State, number>();
  // Sorted anew only when it must be: a node may change its state many times a second.
  #order = $derived.by(() => {
    void this.#cast;
    return untrack(() => [...this.#nodes.values()].sort(byName).map(({ id }) => id));
  });
  #sortedNodes = $derived(this.#order.flatMap((id) => this.#nodes.get(id) ?? []));
  #sortedImages = $derived([...this.#images.values()].sort(byName));

  /** Every node, by name. */
  get nodes(): Node[] {
    return this.#sortedNodes;
  }

  /**
   * Every node, by name, as it is now. Who reads it hears when nodes come, go or get another name,
   * image or notes, and with `turns` when one changes its state: of nothing else.
   */
  roster(turns: boolean): Node[] {
    if (turns) void this.#turns;
    const order = this.#order;
    return untrack(() => order.flatMap((id) => this.#nodes.get(id) ?? []));
  }

  /** How many nodes there are. */
  get size(): number {
    return this.#nodes.size;
  }

  /** How many nodes are in each state. */
  get tally(): ReadonlyMap<State, number> {
    return this.#tally;
  }

  /** Every image, by name. */
  get images(): Image[] {
    return this.#sortedImages;
  }

  /** Whether there was a snapshot yet. */
  get known(): boolean {
    return this.#known;
  }

  /** The connection to libvirt; undefined until the first news of it. */
  get link(): Link | undefined {
    return this.#link;
  }

  /** Whether commands can be carried out now. */
  get online(): boolean {
    return this.#link?.connected ?? false;
  }

  /** Why commands can not be carried out now, for every control that waits for it; empty if they can. */
  get away(): string {
    return this.online ? '' : 'libvirt does not answer.';
  }

  /** Guacamole; undefined until the first news of it. */
  get gateway(): GatewayStatus | undefined {
    return this.#gateway;
  }

  /** Nodes of the web prototype that come over, or did last. */
  get migration(): Migration | undefined {
    return this.#migration;
  }

  node(id: string): Node | undefined {
    return this.#nodes.get(id);
  }

  /** Counts what was added to the history of a node since the page was opened. */
  moments(id: string): number {
    return this.#moments.get(id) ?? 0;
  }

  image(name: string): Image | undefined {
    return this.#images.get(name);
  }

  /** Waits until a node is as wanted, or gone. */
  until(id: string, wanted: (node: Node) => boolean): Promise<Node | undefined> {
    return this.#await(
      () => this.node(id),
      (node) => !node || wanted(node),
    );
  }

  /** Waits until the gateway is as wanted. */
  untilGateway(wanted: (gateway: GatewayStatus) => boolean): Promise<GatewayStatus | undefined> {
    return this.#await(
      () => this.#gateway,
      (gateway) => gateway !== undefined && wanted(gateway),
    );
  }

  apply(event: LabEvent): void {
    switch (`${event.kind}` as const) {
      case 'snapshot':
        this.#replaceNodes(event.nodes ?? []);
        replace(this.#images, event.images ?? [], (image) => image.name);
        this.#known = true;
        this.#migration = event.migration;
        break;
      case 'node':
        if (event.node) this.#put(event.node.id, event.node);
        break;
      case 'node_removed':
        this.#put(event.id ?? '', undefined);
        break;
      case 'history':
        this.#moments.set(event.id ?? '', this.moments(event.id ?? '') + 1);
        break;
      case 'image':
        if (event.image) this.#images.set(event.image.name, event.image);
        break;
      case 'image_removed':
        this.#images.delete(event.id ?? '');
        break;
      case 'link':
      case 'gateway':
      case 'desktop':
      case 'settings':
      case 'room':
        break;
      case 'migration':
        this.#migration = event.migration;
        break;
    }
    if (event.link) this.#link = event.link;
    if (event.gateway) this.#gateway = event.gateway;
    this.#waiting = this.#waiting.filter((look) => !look());
  }

  #await<T>(read: () => T, wanted: (value: T) => boolean): Promise<T> {
    return new Promise((resolve) => {
      const look = () => {
        const value = read();
        const over = wanted(value);
        if (over) resolve(value);
        return over;
      };
      if (!look()) this.#waiting.push(look);
    });
  }

  #replaceNodes(nodes: Node[]): void {
    const next = Object.fromEntries(nodes.map((node) => [node.id, node]));
    for (const id of [...this.#nodes.keys()]) if (!next[id]) this.#put(id, undefined);
    for (const node of nodes) this.#put(node.id, node);
  }

  /** Sets a node, or takes it away, and counts what that changes. */
  #put(id: string, node: Node | undefined): void {
    const before = this.#nodes.get(id);
    if (node) this.#nodes.set(id, node);
    else this.#nodes.delete(id);
    if (cast.some((key) => before?.[key] !== node?.[key])) this.#cast++;
    if (before?.state === node?.state) return;
    this.#turns++;
    for (const [it, more] of [[before, -1] as const, [node, 1] as const])
      if (it) this.#tally.set(it.state, (this.#tally.get(it.state) ?? 0) + more);
  }
}

const cast = ['id', 'name', 'image', 'notes', 'createdAt'] as const;

function replace<T>(map: SvelteMap<string, T>, values: T[], key: (value: T) => string): void {
  const next = new Map(values.map((value) => [key(value), value]));
  for (const old of [...map.keys()]) if (!next.has(old)) map.delete(old);
  for (const [id, value] of next) map.set(id, value);
}

export const lab = new Lab();
