import type RFB from '@novnc/novnc';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Console } from './console';

/** A client that connects and ends when it is told to. */
class FakeRFB extends EventTarget {
  static opened: FakeRFB[] = [];
  scaleViewport = false;
  closed = false;

  constructor(
    readonly target: HTMLElement,
    readonly url: string,
  ) {
    super();
    FakeRFB.opened.push(this);
  }
  tell(event: 'connect' | 'disconnect') {
    this.dispatchEvent(new Event(event));
  }
  disconnect() {
    this.closed = true;
  }
  toDataURL() {
    return 'data:,';
  }
}

let phases: string[];
let stills: number;

function open(address: () => Promise<string>): Console {
  const client = FakeRFB as unknown as new (target: HTMLElement, url: string) => RFB;
  return new Console({
    target: {} as HTMLElement,
    address,
    changed: (phase) => phases.push(phase),
    still: () => stills++,
    client: () => Promise.resolve({ default: client }),
  });
}

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  FakeRFB.opened = [];
  phases = [];
  stills = 0;
});
afterEach(() => vi.useRealTimers());

test('it connects when there is a display, with a fresh address each time', async () => {
  let n = 0;
  const console = open(() => Promise.resolve(`ws://host/${++n}`));
  console.follow(true);
  await settle();
  FakeRFB.opened[0]?.tell('connect');
  FakeRFB.opened[0]?.tell('disconnect');
  await vi.advanceTimersByTimeAsync(200);
  expect(FakeRFB.opened.map(({ url }) => url)).toEqual(['ws://host/1', 'ws://host/2']);
  expect(phases).toEqual(['connecting', 'connected', 'waiting', 'connecting']);
  expect(stills).toBe(1);
});

test('refusals are tried again, ever slower up to five seconds', async () => {
  const address = vi.fn(() => Promise.reject(new Error('no')));
  open(address).follow(true);
  await vi.advanceTimersByTimeAsync(60_000);
  const counted = address.mock.calls.length;
  expect(counted).toBeGreaterThan(10);
  expect(counted).toBeLessThan(20);
});

test('news of the node ends the wait at once', async () => {
  const address = vi.fn(() => Promise.reject(new Error('no')));
  const console = open(address);
  console.follow(true);
  await settle();
  console.follow(true);
  expect(address).toHaveBeenCalledTimes(2);
});

test('without a display there is no connection and no attempt', async () => {
  const console = open(() => Promise.resolve('ws://host/'));
  console.follow(true);
  await settle();
  FakeRFB.opened[0]?.tell('connect');
  console.follow(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeRFB.opened).toHaveLength(1);
  expect(FakeRFB.opened[0]?.closed).toBe(true);
  expect(phases.at(-1)).toBe('off');
});

test('an address that comes too late opens nothing', async () => {
  let arrive: (url: string) => void = () => undefined;
  const console = open(() => new Promise((resolve) => (arrive = resolve)));
  console.follow(true);
  console.close();
  arrive('ws://host/');
  await settle();
  expect(FakeRFB.opened).toHaveLength(0);
});
