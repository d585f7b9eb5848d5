import { describe, expect, test } from 'vitest';
import type { Image, Node } from './lab';
import { itemsOf, remember, search, standing, type Item } from './palette';

const node = (id: number, state = 'stopped', more: object = {}) =>
  ({ id: `id-${id}`, name: `web-${id}`, state, memoryMiB: 256, overlay: { bytes: 2048 }, ...more }) as Node;
const images = [{ name: 'tiny', state: 'ready' }] as Image[];
const items = (nodes: Node[], selected = 0) => itemsOf(nodes, images, selected);
const labels = (found: Item[]) => found.map(({ label }) => label);
const find = (query: string, nodes: Node[], recent: string[] = []) =>
  labels(search(items(nodes), query, recent, 5));

describe('search', () => {
  test('finds a verb on a node, by words and by letters', () => {
    const nodes = [node(10), node(1)];
    expect(find('wipe web-1', nodes)[0]).toBe('Wipe web-1');
    expect(find('web-1 del', nodes)[0]).toBe('Delete web-1');
    expect(find('force w10', nodes)[0]).toBe('Force off web-10');
  });

  test('finds screens, images and what a selection can be asked', () => {
    expect(find('health', [])[0]).toBe('Go to health');
    expect(find('create tiny', [])[0]).toBe('Create node from tiny');
    expect(labels(search(items([node(1), node(2)], 2), 'wipe sel', [], 1))).toEqual([
      'Wipe the 2 selected nodes',
    ]);
  });

  test('finds the serial port and every tab of the details', () => {
    const nodes = [node(1)];
    expect(find('serial web-1', nodes)[0]).toBe('Open the serial port of web-1');
    expect(find('console details web-1', nodes)[0]).toBe('Console details of web-1');
    expect(find('resources of web-1', nodes)).toContain('Resources of web-1');
    expect(find('serial', [node(1, 'missing')])).toEqual([]);
    const tabs = itemsOf(nodes, [], 0).flatMap(({ run }) => (run.kind === 'detail' ? [run.tab] : []));
    expect(tabs).toEqual(['', 'console', 'resources', 'notes', 'history']);
  });

  test('begins with what was run lately', () => {
    const recent = remember(remember([], 'act start id-1'), 'screen health');
    expect(find('', [node(1)], recent).slice(0, 2)).toEqual(['Go to health', 'Start web-1']);
  });

  test('no id comes twice', () => {
    const ids = items([node(1), node(2, 'missing')], 2).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('remember keeps the latest first, each once', () => {
  expect(remember(['a', 'b'], 'b')).toEqual(['b', 'a']);
});

describe('standing', () => {
  const of = (action: string, it: Node, away = '') => {
    const found = items([it]).find(({ id }) => id === `act ${action} ${it.id}`);
    return found && standing(found, it, away);
  };

  test('names why something can not be run', () => {
    expect(of('start', node(1))?.blocked).toBe('');
    expect(of('start', node(1, 'running'))?.blocked).toBe('It is running.');
    expect(of('undo', node(1))).toBeUndefined();
    expect(of('start', node(1), 'libvirt does not answer.')?.blocked).toBe('libvirt does not answer.');
    expect(of('console', node(1), 'libvirt does not answer.')?.blocked).toBe('');
    expect(of('serial', node(1), 'libvirt does not answer.')?.blocked).toBe('');
  });

  test('names what is lost', () => {
    expect(of('wipe', node(1))?.note).toContain('2.0 KiB');
    expect(of('forceOff', node(1, 'running'))?.note).toContain('256 MiB');
  });
});
