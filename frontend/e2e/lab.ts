// The lab behind the page: what is prepared for a test, and what is true after it.

import { expect } from '@playwright/test';
import type { lab, service } from '../wailsjs/go/models';
import type { Node } from '../src/lib/lab';
import { bootLimit, Guest } from './guest';
import { place, run, virsh } from './place';
import { rpc, type Session } from './program';

interface Wish {
  start?: boolean;
  memoryMiB?: number;
  vcpus?: number;
  image?: string;
}

/** Folder of libvirt's daemon, without which none can be started. */
const daemon = `${place.dir}/run/libvirt`;

export class Lab {
  constructor(readonly session: Session) {}

  rpc = <T>(verb: string, ...args: unknown[]) => rpc<T>(this.session, verb, ...args);

  nodes = () => this.rpc<Node[]>('List');

  async node(name: string): Promise<Node> {
    const found = (await this.nodes()).find((node) => node.name === name);
    if (!found) throw new Error(`there is no node ${name}`);
    return found;
  }

  /** Makes nodes, and starts them if asked to; gives them when they are so. */
  async create(names: string[], wish: Wish = {}): Promise<Node[]> {
    const { start = false, memoryMiB = 96, vcpus = 1, image = 'tiny' } = wish;
    const rest = { stopSeconds: 5, keymap: '', notes: '', guacamole: {} };
    for (const name of names)
      await this.rpc<Node>('Create', {
        ...rest,
        name,
        image,
        vcpus,
        memoryMiB,
        start,
      } satisfies service.CreateInput);
    for (const name of names) await this.state(name, start ? 'running' : 'stopped');
    return Promise.all(names.map((name) => this.node(name)));
  }

  /** Waits until the program says a node is in a state. */
  async state(name: string, state: string): Promise<void> {
    await expect.poll(async () => (await this.node(name)).state, { timeout: bootLimit }).toBe(state);
  }

  /** Waits until virsh says it too, in its own words. */
  async truth(name: string, state: string): Promise<void> {
    const told = () => virsh('domstate', name).catch((reason: unknown) => String(reason)); // it may be about to be made
    await expect.poll(told, { timeout: bootLimit }).toBe(state);
  }

  /** Makes and starts nodes, and waits for their prompts. */
  async boot(...names: string[]): Promise<Node[]> {
    const nodes = await this.create(names, { start: true });
    for (const name of names) await this.booted(name);
    return nodes;
  }

  /** Waits for the prompt of a running node; at one that is there already, Return brings another. */
  async booted(name: string): Promise<void> {
    const guest = await Guest.listen(name);
    await guest.type('');
    await guest.prompt();
    await guest.close();
  }

  /** Leaves no node, nothing to restore and nothing remembered. */
  async clear(): Promise<void> {
    await run('chmod', '700', daemon); // a test that failed may have left it lost
    for (const name of (await virsh('list', '--name')).split('\n').filter(Boolean))
      await virsh('destroy', name).catch(() => undefined); // it may have ended by itself
    await expect.poll(() => this.settled(), { timeout: bootLimit }).toBe(true);
    for (const { id } of await this.nodes()) await this.rpc('Delete', id, true);
    for (const { id } of (await this.rpc<Node[] | null>('Deleted')) ?? []) await this.rpc('Delete', id, true);
    const settings = (await this.rpc<lab.Settings>('Settings')).items.map(({ key }) => key);
    const kept = Object.keys(await this.rpc<Record<string, string>>('Preferences')).filter(
      (key) => !settings.includes(key), // which are among them, for the page to read
    );
    if (kept.length) await this.rpc('Prefer', Object.fromEntries(kept.map((key) => [key, ''])));
    await expect.poll(async () => (await this.nodes()).length).toBe(0);
  }

  async settled(): Promise<boolean> {
    return (await this.nodes()).every(({ state }) => ['stopped', 'failed', 'missing'].includes(state));
  }

  /** Kills the libvirt daemon and keeps another from being started until `back` is called. */
  async loseLibvirt(): Promise<() => Promise<void>> {
    await run('chmod', '500', daemon);
    await run('pkill', '--signal', 'KILL', '--pidfile', `${daemon}/libvirtd.pid`);
    return async () => {
      await run('chmod', '700', daemon);
      await expect.poll(() => virsh('uri').catch(() => ''), { timeout: bootLimit }).toBe(place.uri);
    };
  }
}
