import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Console } from '../lib/console';
import type { Key } from '../lib/keys';
import { workspace } from './workspace.svelte';

/** The address and the open consoles, and what is kept of the layout. */
const told = vi.hoisted(() => ({
  view: {
    consoles: new Set<string>(),
    console: '' as string | undefined,
    turn(id: string) {
      this.console = id;
    },
    arrange(ids: string[]) {
      this.consoles = new Set(ids);
    },
  },
  kept: new Map<string, string>(),
}));
vi.mock('./view.svelte', () => ({ view: told.view }));
vi.mock('./preferences.svelte', () => ({
  preferences: { get: (key: string) => told.kept.get(key) ?? '', set: told.kept.set.bind(told.kept) },
}));

const { view } = told;
const a: Key = { keysym: 0x61, code: 'KeyA' };
const shift: Key = { keysym: 0xffe1, code: 'ShiftLeft' };

/** Opens consoles, the last of them in front. */
function open(...ids: string[]): void {
  for (const id of ids) {
    view.consoles.add(id);
    view.console = id;
    workspace.follow();
  }
}

/** Connects a console, and gives what it was made to type. */
function connect(id: string): string[] {
  const typed: string[] = [];
  const press = (key: Key, down: boolean) => typed.push(`${down ? '+' : '-'}${key.code}`);
  workspace.enroll(id, { press } as unknown as Console);
  workspace.connect(id, true);
  return typed;
}

beforeEach(() => {
  for (const id of view.consoles) {
    workspace.connect(id, false);
    workspace.record(id);
  }
  view.consoles = new Set();
  view.console = undefined;
  workspace.broadcasting = false;
  workspace.layout = 1;
});

describe('the panes', () => {
  test('show the consoles used last', () => {
    open('a', 'b', 'c');
    expect(workspace.panes).toEqual(['c']);
    workspace.layout = 2;
    expect(workspace.panes).toEqual(['c', 'b']);
  });

  test('keep their place when another of them is current', () => {
    workspace.layout = 2;
    open('a', 'b');
    const before = workspace.panes;
    open('a');
    expect(workspace.panes).toEqual(before);
  });

  test('are empty where no console is left', () => {
    workspace.layout = 2;
    open('a', 'b');
    view.consoles.delete('a');
    view.console = 'b';
    workspace.follow();
    expect(workspace.panes.toSorted()).toEqual(['', 'b']);
  });

  test('take a console that is put there, and make it current', () => {
    workspace.layout = 2;
    open('a', 'b', 'c');
    workspace.put('a', 1);
    expect(workspace.panes[1]).toBe('a');
    expect(view.console).toBe('a');
    workspace.follow();
    expect(workspace.panes[1]).toBe('a');
  });
});

test('a tab moves before another, and by a step', () => {
  open('a', 'b', 'c');
  workspace.move('c', 'a');
  expect([...view.consoles]).toEqual(['c', 'a', 'b']);
  workspace.step('c', 1);
  expect([...view.consoles]).toEqual(['a', 'c', 'b']);
});

test('a console that is opened again shows the display', () => {
  open('a');
  workspace.turn('a', 'serial');
  expect(workspace.device('a')).toBe('serial');
  view.consoles.delete('a');
  workspace.follow();
  open('a');
  expect(workspace.device('a')).toBe('display');
});

describe('broadcast', () => {
  test('reaches every console but the one that was typed in', () => {
    open('a', 'b', 'c');
    const typed = ['a', 'b', 'c'].map(connect);
    workspace.pass(a, true);
    expect(typed).toEqual([[], [], []]);
    workspace.broadcasting = true;
    workspace.pass(a, true);
    expect(typed).toEqual([['+KeyA'], ['+KeyA'], []]);
    expect(workspace.reached).toBe(3);
  });

  test('reaches what is shown alone where there is a split', () => {
    workspace.layout = 2;
    open('a', 'b', 'c');
    workspace.broadcasting = true;
    expect(['a', 'b', 'c'].map((id) => workspace.receives(id))).toEqual([false, true, true]);
  });

  test('leaves no key pressed when it ends, or when a console is left out', () => {
    open('a', 'b');
    const typed = connect('a');
    workspace.broadcasting = true;
    workspace.pass(shift, true);
    workspace.broadcasting = false;
    expect(typed).toEqual(['+ShiftLeft', '-ShiftLeft']);
    workspace.broadcasting = true;
    workspace.pass(shift, true);
    workspace.toggleReceiver('a');
    workspace.pass(a, true);
    expect(typed.slice(2)).toEqual(['+ShiftLeft', '-ShiftLeft']);
  });

  test('forgets a console that is closed', () => {
    open('a', 'b');
    workspace.broadcasting = true;
    view.consoles.delete('a');
    workspace.follow();
    expect(workspace.receives('a')).toBe(false);
  });
});

test('a connection that goes does not take the next one along', () => {
  open('a', 'b');
  const gone = workspace.enroll('a', { press: () => undefined } as unknown as Console);
  const typed = connect('a');
  gone();
  workspace.broadcasting = true;
  workspace.pass(a, true);
  expect(typed).toEqual(['+KeyA']);
});
