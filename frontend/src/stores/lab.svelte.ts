import { SvelteMap } from 'svelte/reactivity';
import type { GatewayStatus, Image, LabEvent, Link, Node } from '../lib/lab';
import { byName } from '../lib/names';

/** What the program last said of nodes, images, its connection and the gateway. `apply` alone writes. */
export class Lab {
  #nodes = new SvelteMap<string, Node>();
  #images = new SvelteMap<string, Image>();
  #link = $state.raw<Link>();
  #gateway = $state.raw<GatewayStatus>();
  #known = $state(false);
  #waiting: (() => boolean)[] = [];
  #sortedNodes = $derived([...this.#nodes.values()].sort(byName));
  #sortedImages = $derived([...this.#images.values()].sort(byName));

  /** Every node, by name. */
  get nodes(): Node[] {
    return this.#sortedNodes;
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

  /** Guacamole; undefined until the first news of it. */
  get gateway(): GatewayStatus | undefined {
    return this.#gateway;
  }

  node(id: string): Node | undefined {
    return this.#nodes.get(id);
  }

  /** Waits until a node is as wanted, or gone. */
  until(id: string, wanted: (node: Node) => boolean): Promise<Node | undefined> {
    return new Promise((resolve) => {
      const look = () => {
        const node = this.node(id);
        const over = !node || wanted(node);
        if (over) resolve(node);
        return over;
      };
      if (!look()) this.#waiting.push(look);
    });
  }

  apply(event: LabEvent): void {
    switch (`${event.kind}` as const) {
      case 'snapshot':
        replace(this.#nodes, event.nodes ?? [], (node) => node.id);
        replace(this.#images, event.images ?? [], (image) => image.name);
        this.#known = true;
        break;
      case 'node':
        if (event.node) this.#nodes.set(event.node.id, event.node);
        break;
      case 'node_removed':
        this.#nodes.delete(event.id ?? '');
        break;
      case 'image':
        if (event.image) this.#images.set(event.image.name, event.image);
        break;
      case 'image_removed':
        this.#images.delete(event.id ?? '');
        break;
      case 'link':
      case 'gateway':
        break;
    }
    if (event.link) this.#link = event.link;
    if (event.gateway) this.#gateway = event.gateway;
    this.#waiting = this.#waiting.filter((look) => !look());
  }
}

function replace<T>(map: SvelteMap<string, T>, values: T[], key: (value: T) => string): void {
  const next = new Map(values.map((value) => [key(value), value]));
  for (const old of [...map.keys()]) if (!next.has(old)) map.delete(old);
  for (const [id, value] of next) map.set(id, value);
}

export const lab = new Lab();
