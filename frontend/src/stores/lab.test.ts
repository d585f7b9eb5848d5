import { describe, expect, test } from 'vitest';
import type { Image, LabEvent, Node } from '../lib/lab';
import { Lab } from './lab.svelte';

const node = (id: string, name: string, state = 'stopped') => ({ id, name, state }) as Node;
const image = (name: string) => ({ name }) as Image;
const event = (value: object) => value as LabEvent;
const link = { connected: true, uri: 'test:///default' };

function furnished(): Lab {
  const lab = new Lab();
  const nodes = [node('b', 'web-10'), node('a', 'web-2')];
  lab.apply(event({ kind: 'snapshot', nodes, images: [image('tiny')], link }));
  return lab;
}

const names = (lab: Lab) => lab.nodes.map(({ name }) => name);

describe('apply', () => {
  test('is offline until the first snapshot', () => {
    const lab = new Lab();
    expect(lab.link).toBeUndefined();
    expect([lab.known, lab.online]).toEqual([false, false]);
  });

  test('takes a snapshot and orders it by name', () => {
    const lab = furnished();
    expect(names(lab)).toEqual(['web-2', 'web-10']);
    expect([lab.known, lab.online]).toEqual([true, true]);
  });

  test('a second snapshot replaces everything', () => {
    const lab = furnished();
    lab.apply(event({ kind: 'snapshot', nodes: [node('c', 'new')], images: null, link }));
    expect(names(lab)).toEqual(['new']);
    expect(lab.images).toEqual([]);
  });

  test('a node event adds or replaces one node', () => {
    const lab = furnished();
    lab.apply(event({ kind: 'node', node: node('a', 'web-2', 'running') }));
    lab.apply(event({ kind: 'node', node: node('c', 'apart') }));
    expect(names(lab)).toEqual(['apart', 'web-2', 'web-10']);
    expect(lab.node('a')?.state).toBe('running');
  });

  test('removed nodes and images go, unknown ones change nothing', () => {
    const lab = furnished();
    lab.apply(event({ kind: 'node_removed', id: 'a' }));
    lab.apply(event({ kind: 'node_removed', id: 'unknown' }));
    lab.apply(event({ kind: 'image_removed', id: 'tiny' }));
    expect(names(lab)).toEqual(['web-10']);
    expect(lab.images).toEqual([]);
  });

  test('counts what is added to the history of a node', () => {
    const lab = furnished();
    lab.apply(event({ kind: 'history', id: 'a' }));
    lab.apply(event({ kind: 'history', id: 'a' }));
    expect([lab.moments('a'), lab.moments('b')]).toEqual([2, 0]);
  });

  test('a link alone tells nothing of what there is', () => {
    const lab = new Lab();
    lab.apply(event({ kind: 'link', link }));
    expect([lab.known, lab.online]).toEqual([false, true]);
  });

  test('the gateway comes with the snapshot and by events of its own', () => {
    const lab = furnished();
    expect(lab.gateway).toBeUndefined();
    lab.apply(event({ kind: 'snapshot', link, gateway: { mode: 'stack', state: 'starting' } }));
    lab.apply(event({ kind: 'gateway', gateway: { mode: 'stack', state: 'ready' } }));
    expect(lab.gateway?.state).toBe('ready');
  });

  test('counts the nodes in each state', () => {
    const lab = furnished();
    lab.apply(event({ kind: 'node', node: node('a', 'web-2', 'running') }));
    expect([...lab.tally]).toEqual([
      ['stopped', 1],
      ['running', 1],
    ]);
    lab.apply(event({ kind: 'node_removed', id: 'b' }));
    expect([lab.size, lab.tally.get('stopped')]).toEqual([1, 0]);
  });

  test('the roster follows new names and states', () => {
    const lab = furnished();
    lab.apply(event({ kind: 'node', node: node('a', 'web-99', 'running') }));
    expect(lab.roster(true).map(({ name, state }) => `${name} ${state}`)).toEqual([
      'web-10 stopped',
      'web-99 running',
    ]);
  });

  test('what is waited for is told when it comes', async () => {
    const lab = furnished();
    const running = lab.until('a', ({ state }) => `${state}` === 'running');
    lab.apply(event({ kind: 'node', node: node('a', 'web-2', 'starting') }));
    lab.apply(event({ kind: 'node', node: node('a', 'web-2', 'running') }));
    expect((await running)?.state).toBe('running');
  });

  test('who waits for a node that goes is told so', async () => {
    const lab = furnished();
    const running = lab.until('a', ({ state }) => `${state}` === 'running');
    lab.apply(event({ kind: 'node_removed', id: 'a' }));
    expect(await running).toBeUndefined();
  });

  test('a lost connection keeps what was known', () => {
    const lab = furnished();
    lab.apply(event({ kind: 'link', link: { ...link, connected: false } }));
    expect(lab.online).toBe(false);
    expect(names(lab)).toEqual(['web-2', 'web-10']);
  });
});
