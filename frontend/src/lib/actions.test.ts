import { expect, test } from 'vitest';
import { hasDisplay, menu, primary } from './actions';
import type { Node, State } from './lab';

const node = (state: State, more: object = {}) =>
  ({ state, overlay: { bytes: 3.2 * 1024 ** 2 }, ...more }) as Node;
const allowed = (it: Node) =>
  menu(it)
    .filter(({ blocked }) => blocked === '')
    .map(({ action }) => action);

test.each<[State, string]>([
  ['stopped', 'start'],
  ['failed', 'start'],
  ['running', 'stop'],
  ['paused', 'resume'],
  ['stopping', 'forceOff'],
  ['missing', 'restore'],
])('%s calls for %s', (state, want) =>
  expect(primary(node(state))).toMatchObject({ action: want, blocked: '' }),
);

test('nothing comes first while it starts', () => expect(primary(node('starting')).blocked).not.toBe(''));

test.each<[State, string[]]>([
  ['stopped', ['wipe', 'rename', 'set', 'consoleSettings', 'clone', 'publish', 'delete']],
  ['running', ['pause', 'reboot', 'forceOff', 'wipe', 'set', 'consoleSettings', 'clone', 'delete']],
  ['paused', ['resume', 'forceOff', 'wipe', 'set', 'consoleSettings', 'clone', 'delete']],
  ['starting', ['forceOff']],
  ['stopping', ['forceOff']],
  ['missing', ['restore', 'forget']],
])('the menu of a node that is %s', (state, want) => expect(allowed(node(state))).toEqual(want));

test('undo is offered when there is something to undo, and says how much', () => {
  const undo = { generation: 1, bytes: 80 * 1024 ** 2, at: new Date().toISOString(), until: '' };
  const offer = menu(node('stopped', { undo })).find(({ action }) => action === 'undo');
  expect(offer?.label).toMatch(/^Undo wipe of \d\d:\d\d, 80 MiB$/);
  expect(allowed(node('stopped'))).not.toContain('undo');
});

test('a display is there from running until it is off', () => {
  const states: State[] = ['stopped', 'starting', 'running', 'paused', 'stopping', 'failed', 'missing'];
  expect(states.filter((state) => hasDisplay(node(state)))).toEqual(['running', 'paused', 'stopping']);
});
