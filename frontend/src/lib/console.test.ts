import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Console } from './console';
import type { Listener, Open, Screen, Transport } from './screen';

/** A screen that is shown and ends when it is told to. */
class FakeScreen implements Screen {
  static opened: FakeScreen[] = [];
  scale = 'actual' as const;
  closed = false;
  pasted = '';

  constructor(
    readonly transport: Transport,
    readonly url: string,
    readonly listener: Listener,
  ) {
    FakeScreen.opened.push(this);
  }
  focus() {}
  press() {}
  canvas() {
    return undefined;
  }
  paste(text: string) {
    this.pasted = text;
  }
  still() {
    return 'data:,';
  }
  close() {
    this.closed = true;
  }
}

let phases: string[];
let whys: string[];
let failures: string[];
let stills: number;

function open(address: (transport: Transport) => Promise<string>): Console {
  const way = (transport: Transport) => {
    const open: Open = (_, url, listener) => new FakeScreen(transport, url, listener);
    return () => Promise.resolve({ open });
  };
  return new Console({
    target: {} as HTMLElement,
    address,
    changed: (phase, why) => {
      phases.push(phase);
      whys.push(why);
    },
    failed: (transport, why) => failures.push(`${transport}: ${why}`),
    still: () => stills++,
    ways: { direct: way('direct'), guacamole: way('guacamole') },
  });
}

const settle = () => vi.advanceTimersByTimeAsync(0);
const at = (index: number) => FakeScreen.opened[index]?.listener as Listener;
const ready = () => Promise.resolve('ws://host/');

beforeEach(() => {
  vi.useFakeTimers();
  FakeScreen.opened = [];
  phases = [];
  whys = [];
  failures = [];
  stills = 0;
});
afterEach(() => vi.useRealTimers());

test('it connects when there is a display, with a fresh address each time', async () => {
  let n = 0;
  const console = open(() => Promise.resolve(`ws://host/${++n}`));
  console.follow(true, 'direct');
  await settle();
  at(0).shown();
  at(0).ended('');
  await vi.advanceTimersByTimeAsync(200);
  expect(FakeScreen.opened.map(({ url }) => url)).toEqual(['ws://host/1', 'ws://host/2']);
  expect(phases).toEqual(['connecting', 'connected', 'waiting', 'connecting']);
  expect(whys).toEqual(['', '', 'The connection ended.', '']);
  expect([stills, failures]).toEqual([1, []]);
});

test('refusals are tried again, ever slower up to five seconds', async () => {
  const address = vi.fn(() => Promise.reject(new Error('no')));
  open(address).follow(true, 'direct');
  await vi.advanceTimersByTimeAsync(60_000);
  const counted = address.mock.calls.length;
  expect(counted).toBeGreaterThan(10);
  expect(counted).toBeLessThan(20);
  expect(failures).toHaveLength(counted);
});

test('what ends as soon as it is there is not begun again at once', async () => {
  open(ready).follow(true, 'direct');
  for (let n = 0; n < 60; n++) {
    await vi.advanceTimersByTimeAsync(1_000);
    FakeScreen.opened.at(-1)?.listener.shown();
    FakeScreen.opened.at(-1)?.listener.ended('');
  }
  expect(FakeScreen.opened.length).toBeLessThan(20);
  await vi.advanceTimersByTimeAsync(5_000);
  const opened = FakeScreen.opened.length;
  FakeScreen.opened.at(-1)?.listener.shown();
  await vi.advanceTimersByTimeAsync(6_000);
  FakeScreen.opened.at(-1)?.listener.ended('');
  await vi.advanceTimersByTimeAsync(200);
  expect(FakeScreen.opened).toHaveLength(opened + 1);
});

test('news of the node ends the wait at once', async () => {
  const address = vi.fn(() => Promise.reject(new Error('no')));
  const console = open(address);
  console.follow(true, 'direct');
  await settle();
  console.follow(true, 'direct');
  expect(address).toHaveBeenCalledTimes(2);
});

test('without a display there is no connection and no attempt', async () => {
  const console = open(ready);
  console.follow(true, 'direct');
  await settle();
  at(0).shown();
  console.follow(false, 'direct');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeScreen.opened).toHaveLength(1);
  expect(FakeScreen.opened[0]?.closed).toBe(true);
  expect(phases.at(-1)).toBe('off');
});

test('an address that comes too late opens nothing', async () => {
  let arrive: (url: string) => void = () => undefined;
  const console = open(() => new Promise((resolve) => (arrive = resolve)));
  console.follow(true, 'direct');
  console.close();
  arrive('ws://host/');
  await settle();
  expect(FakeScreen.opened).toHaveLength(0);
});

test('a connection without a picture is given up after ten seconds', async () => {
  open(ready).follow(true, 'guacamole');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(FakeScreen.opened[0]?.closed).toBe(true);
  expect(failures).toEqual(['guacamole: No picture came within ten seconds.']);
  expect(phases.at(-1)).toBe('waiting');
});

test('a picture that is there stays', async () => {
  open(ready).follow(true, 'guacamole');
  await settle();
  at(0).shown();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(phases.at(-1)).toBe('connected');
});

test('another transport connects at once and keeps the picture', async () => {
  const console = open(ready);
  console.follow(true, 'direct');
  await settle();
  at(0).shown();
  console.follow(true, 'guacamole');
  await settle();
  expect(FakeScreen.opened.map(({ transport, closed }) => [transport, closed])).toEqual([
    ['direct', true],
    ['guacamole', false],
  ]);
  expect(stills).toBe(1);
});

test('another transport while there is no display waits for one', async () => {
  const console = open(ready);
  console.follow(false, 'guacamole');
  await settle();
  expect(FakeScreen.opened).toHaveLength(0);
  console.follow(true, 'guacamole');
  await settle();
  expect(FakeScreen.opened[0]?.transport).toBe('guacamole');
});

test('what an old connection says is no longer heard', async () => {
  const console = open(ready);
  console.follow(true, 'direct');
  await settle();
  console.follow(true, 'guacamole');
  await settle();
  at(0).shown();
  at(0).ended('');
  at(0).ended('');
  expect(phases.at(-1)).toBe('connecting');
  expect(failures).toEqual([]);
});

test('the reason for a refusal is told as a sentence', async () => {
  open(() => Promise.reject(new Error('there is no gateway'))).follow(true, 'guacamole');
  await settle();
  expect(failures).toEqual(['guacamole: There is no gateway.']);
});

test('the reason for an end is told', async () => {
  open(ready).follow(true, 'guacamole');
  await settle();
  at(0).ended('Guacamole refuses the login.');
  expect(whys.at(-1)).toBe('Guacamole refuses the login.');
  expect(failures).toEqual(['guacamole: Guacamole refuses the login.']);
});

test('text goes to a screen that is there, and to no other', async () => {
  const console = open(ready);
  console.follow(true, 'direct');
  await settle();
  console.paste('early');
  at(0).shown();
  expect(FakeScreen.opened[0]?.pasted).toBe('');
  console.paste('now');
  expect(FakeScreen.opened[0]?.pasted).toBe('now');
});
