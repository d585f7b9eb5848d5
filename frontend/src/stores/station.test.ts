import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Console } from '../lib/console';
import type { Key } from '../lib/keys';
import type { Node } from '../lib/lab';
import { Station } from './station.svelte';

/** What is behind a station, and what it told of. */
const told = vi.hoisted(() => ({
  clipboard: undefined as string | undefined,
  accelerated: true,
  kept: [] as string[],
  full: false,
  said: [] as string[],
  passed: [] as string[],
  recordings: new Map<string, number | undefined>(),
  preferences: new Map<string, string>(),
}));
vi.mock('../lib/api', () => ({
  host: () =>
    told.accelerated ? Promise.resolve({ accelerated: true }) : Promise.reject(new Error('not known')),
  readClipboard: () => Promise.resolve(told.clipboard),
  keep: async (name: string, content: Blob) => {
    if (told.full) throw new Error('The disk is full.');
    told.kept.push(`${name.replace(/\d/g, '0')} ${await content.text()}`);
    return name;
  },
}));
vi.mock('./toasts.svelte', () => ({
  toasts: {
    done: ({ title }: { title: string }) => told.said.push(title),
    fail: (title: string, { message }: { message: string }) => told.said.push(`${title}: ${message}`),
  },
}));
vi.mock('./preferences.svelte', () => ({
  preferences: {
    get: (key: string) => told.preferences.get(key) ?? '',
    set: (key: string, value: string) => told.preferences.set(key, value),
  },
}));
vi.mock('./workspace.svelte', () => ({
  workspace: {
    pass: (key: Key, down: boolean) => told.passed.push(word(key, down)),
    record: (id: string, since?: number) => told.recordings.set(id, since),
  },
}));
/** The recorder of the moment, as a test has it: its source, and how it ends. */
const recorder = vi.hoisted(() => ({
  start: (): { stop: () => void } => ({ stop: () => undefined }),
  source: (): unknown => undefined,
  ended: (film: Blob, why: string): void => void [film, why],
}));
vi.mock('../lib/recorder', () => ({
  recordingHindrance: () => '',
  record: (source: typeof recorder.source, ended: typeof recorder.ended) => {
    Object.assign(recorder, { source, ended });
    return recorder.start();
  },
}));
vi.mock('../lib/snapshot', async (original) => ({
  ...(await original<object>()),
  pngOf: () => Promise.resolve(new Blob(['a picture'])),
  copyPicture: () => (told.full ? Promise.reject(new Error('It is not allowed.')) : Promise.resolve()),
}));

const word = ({ code }: Key, down: boolean) => `${down ? '+' : '-'}${code}`;
const settle = () => vi.advanceTimersByTimeAsync(0);

let node: Node;
let pressed: string[];
let shown: boolean;
let station: Station;

beforeEach(() => {
  vi.useFakeTimers();
  Object.assign(told, { clipboard: undefined, accelerated: true, full: false });
  for (const list of [told.kept, told.said, told.passed]) list.length = 0;
  for (const map of [told.recordings, told.preferences]) map.clear();
  recorder.start = () => ({ stop: () => recorder.ended(new Blob(['a film']), '') });
  [node, pressed, shown] = [{ id: 'a', name: 'web' } as Node, [], true];
  station = new Station(() => node);
  station.console = {
    get connected() {
      return shown;
    },
    press: (key: Key, down: boolean) => pressed.push(word(key, down)),
    focus: () => undefined,
    canvas: () => (shown ? {} : undefined),
  } as unknown as Console;
});
afterEach(() => vi.useRealTimers());

describe('a text', () => {
  test('is typed here and wherever typing goes, and tells how far it is', async () => {
    told.clipboard = 'aB';
    const typing = station.typeClipboard();
    await settle();
    expect(station.typed).toEqual({ done: 0, all: 2 });
    await vi.advanceTimersByTimeAsync(1_000);
    await typing;
    const keys = ['+KeyA', '-KeyA', '+ShiftLeft', '+KeyB', '-KeyB', '-ShiftLeft'];
    expect([pressed, told.passed, station.typed]).toEqual([keys, keys, undefined]);
  });

  test('is typed on the layout of the guest', async () => {
    node.keymap = 'de';
    void station.type('z');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(pressed).toEqual(['+KeyY', '-KeyY']);
  });

  test('is typed slowly where it is not known that guests are fast', async () => {
    const lasts = async (accelerated: boolean) => {
      told.accelerated = accelerated;
      void station.type('abc');
      const begun = Date.now();
      while (station.typed) await vi.advanceTimersByTimeAsync(1);
      return Date.now() - begun;
    };
    expect(await lasts(false)).toBeGreaterThan(2 * (await lasts(true)));
  });

  test.each([
    ['its end is asked for', () => station.stopTyping()],
    ['the connection is lost', () => (shown = false)],
  ])('ends when %s, and leaves nothing pressed', async (_, end) => {
    void station.type('ABCDEFGH');
    await vi.advanceTimersByTimeAsync(50);
    end();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(pressed.length).toBeLessThan(16);
    const keys = (sign: string) => pressed.filter((it) => it.startsWith(sign)).map((it) => it.slice(1));
    expect(keys('-').sort()).toEqual(keys('+').sort());
    expect(station.typed).toBeUndefined();
  });

  test('waits for no other: a second one is not typed into the first', async () => {
    void station.type('aa');
    void station.type('b');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(pressed.join()).not.toContain('KeyB');
  });
});

describe('a doubtful text', () => {
  test.each([
    ['has what no key makes', 'a☃'],
    ['is longer than can be typed', 'x'.repeat(20_001)],
    ['can not be read', undefined],
  ])('that %s is asked about and not typed', async (_, text) => {
    told.clipboard = text;
    await station.typeClipboard();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([station.doubtful, pressed]).toEqual([text ?? '', []]);
    station.dismiss();
    expect(station.doubtful).toBeUndefined();
  });

  test('is done with when it is typed without what can not be', async () => {
    told.clipboard = 'a☃';
    await station.typeClipboard();
    void station.type('a☃');
    await vi.advanceTimersByTimeAsync(1_000);
    expect([station.doubtful, pressed]).toEqual([undefined, ['+KeyA', '-KeyA']]);
  });

  test('that is too long to paste is refused with its length', () => {
    station.refuse(300_000);
    expect(told.said).toEqual([
      'Could not paste into web: The text has 300,000 characters. At most 262,144 can be pasted into a guest.',
    ]);
  });
});

test('modifiers that are held go up together', () => {
  station.hold('ctrl');
  station.hold('alt');
  station.hold('ctrl');
  expect([...station.held]).toEqual(['alt']);
  station.hold('shift');
  station.releaseHeld();
  expect(station.held.size).toBe(0);
  expect(pressed.slice(-2)).toEqual(['-AltLeft', '-ShiftLeft']);
});

test('the scale is kept of each node, and an unknown one is none', () => {
  station.scale = 'actual';
  node = { ...node, id: 'b' };
  expect(station.scale).toBe('fit');
  node = { ...node, id: 'a' };
  expect(station.scale).toBe('actual');
  told.preferences.set('console.scale.a', 'huge');
  expect(station.scale).toBe('fit');
});

describe('a recording', () => {
  test('is told of while it lasts, and kept when it ends', async () => {
    station.toggleRecording();
    expect([recorder.source(), typeof told.recordings.get('a')]).toEqual([{}, 'number']);
    station.toggleRecording();
    await settle();
    expect(told.recordings.get('a')).toBeUndefined();
    expect(told.kept).toEqual(['web-0000-00-00-000000.webm a film']);
    expect(told.said).toEqual(['Kept the recording of web']);
  });

  test('outlives the connection, and is kept when the console goes', async () => {
    station.toggleRecording();
    shown = false;
    expect(recorder.source()).toBeUndefined();
    station.console = undefined;
    node = { ...node, name: 'renamed' };
    station.stopRecording();
    await settle();
    expect(told.kept).toEqual(['web-0000-00-00-000000.webm a film']);
    station.stopRecording();
    expect(told.kept).toHaveLength(1);
  });

  test('that ends by itself makes room for the next', async () => {
    station.toggleRecording();
    recorder.ended(new Blob(['a long film']), 'It stopped after 30 minutes.');
    station.toggleRecording();
    station.toggleRecording();
    await settle();
    expect(told.kept).toHaveLength(2);
  });

  test('without a film says so, and one that can not begin, and one that can not be kept', async () => {
    recorder.start = () => ({ stop: () => recorder.ended(new Blob(), 'The recorder failed.') });
    station.toggleRecording();
    station.toggleRecording();
    recorder.start = () => {
      throw new Error('There is no encoder.');
    };
    station.toggleRecording();
    recorder.start = () => ({ stop: () => recorder.ended(new Blob(['a film']), '') });
    told.full = true;
    station.toggleRecording();
    station.toggleRecording();
    await settle();
    expect(told.said).toEqual([
      'Nothing of web was recorded: The recorder failed.',
      'Could not record web: There is no encoder.',
      'Could not keep the recording of web: The disk is full.',
    ]);
  });
});

describe('a picture', () => {
  test('is kept, or copied', async () => {
    await station.shoot();
    await station.copyPicture();
    expect(told.kept).toEqual(['web-0000-00-00-000000.png a picture']);
    expect(told.said).toEqual(['Kept the picture of web', 'Copied the picture of web']);
  });

  test('is none while there is no connection', async () => {
    shown = false;
    await station.shoot();
    await station.copyPicture();
    expect([told.kept, told.said]).toEqual([[], []]);
  });

  test('that can not be kept or copied is told of', async () => {
    told.full = true;
    await station.shoot();
    await station.copyPicture();
    expect(told.said).toEqual([
      'Could not keep the picture of web: The disk is full.',
      'Could not copy the picture of web: It is not allowed.',
    ]);
  });
});
