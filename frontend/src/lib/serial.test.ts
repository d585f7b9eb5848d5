import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Serial, takenSentence, type SerialPhase } from './serial';

/** A WebSocket that says and ends what it is told to. */
class FakeSocket {
  static all: FakeSocket[] = [];
  sent: Uint8Array[] = [];
  closed = false;
  onmessage?: (event: { data: ArrayBuffer }) => void;
  onclose?: (event: { code: number; reason: string }) => void;

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeSocket.all.push(this);
  }
  send(data: Uint8Array) {
    this.sent.push(data);
  }
  close() {
    this.closed = true;
  }
  say(data: Uint8Array<ArrayBuffer>) {
    this.onmessage?.({ data: data.buffer });
  }
  end(code = 1006, reason = '') {
    this.onclose?.({ code, reason });
  }
}

let asked: number;
let address: () => Promise<string>;
let news: [SerialPhase, string][];
let given: Uint8Array[];
let room: (() => void)[];
let serial: Serial;

const settle = () => vi.advanceTimersByTimeAsync(0);
const phase = () => news.at(-1)?.[0];
const sockets = () => FakeSocket.all;
const socket = (at: number) => FakeSocket.all[at] as FakeSocket;

async function connect(): Promise<FakeSocket> {
  serial.follow(true, '1');
  await settle();
  socket(0).say(new Uint8Array());
  return socket(0);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  FakeSocket.all = [];
  [asked, news, given, room] = [0, [], [], []];
  address = () => Promise.resolve(`ws://host/${++asked}`);
  serial = new Serial({
    address: () => address(),
    changed: (...it) => news.push(it),
    output: (data, done) => {
      given.push(data);
      room.push(done);
    },
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('it connects while the node runs, and is off with it', async () => {
  const port = await connect();
  expect([port.url, port.protocol, phase()]).toEqual(['ws://host/1', 'binary', 'connected']);
  serial.follow(false, '1');
  expect([port.closed, phase()]).toEqual([true, 'off']);
  port.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([sockets().length, phase()]).toEqual([1, 'off']);
});

test('it connects again with a fresh address, later each time, and says why', async () => {
  await connect();
  socket(0).end(4503, 'the host is gone');
  expect(news.at(-1)).toEqual(['waiting', 'The host is gone.']);
  await vi.advanceTimersByTimeAsync(199);
  expect(sockets()).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(socket(1).url).toBe('ws://host/2');
  socket(1).end();
  await vi.advanceTimersByTimeAsync(399);
  expect(sockets()).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  expect(sockets()).toHaveLength(3);
});

test('a port that could not be opened was never connected', async () => {
  serial.follow(true, '1');
  await settle();
  socket(0).end(4503, 'libvirt is away');
  expect(news.map(([phase]) => phase)).toEqual(['connecting', 'waiting']);
});

test('a connection that lasted brings the first wait back', async () => {
  const port = await connect();
  port.end();
  await vi.advanceTimersByTimeAsync(200);
  socket(1).say(new Uint8Array());
  await vi.advanceTimersByTimeAsync(6_000);
  socket(1).end();
  await vi.advanceTimersByTimeAsync(200);
  expect(sockets()).toHaveLength(3);
});

test('an address that can not be had is asked for again', async () => {
  const good = address;
  address = () => Promise.reject(new Error('no ticket'));
  serial.follow(true, '1');
  await settle();
  expect(news.at(-1)).toEqual(['waiting', 'No ticket.']);
  address = good;
  await vi.advanceTimersByTimeAsync(200);
  expect(sockets()).toHaveLength(1);
});

test('who lost the port to another does not take it back unasked', async () => {
  (await connect()).end(4001, 'opened elsewhere');
  expect(phase()).toBe('ended');
  serial.follow(true, '1'); // whatever is told of the node meanwhile
  await vi.advanceTimersByTimeAsync(60_000);
  expect([sockets().length, ...(news.at(-1) ?? [])]).toEqual([1, 'taken', takenSentence]);
  serial.follow(true, '1');
  await settle();
  expect(sockets()).toHaveLength(1);
  void serial.connect();
  await settle();
  socket(1).say(new Uint8Array());
  expect(phase()).toBe('connected');
});

test('another boot is another chance for who lost the port', async () => {
  (await connect()).end(4001);
  await vi.advanceTimersByTimeAsync(2_000);
  serial.follow(true, '2');
  await settle();
  expect(sockets()).toHaveLength(2);
});

test('a node that stopped is off, and nobody is said to have taken its port', async () => {
  (await connect()).end(4001);
  serial.follow(false, '1');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(news.map(([it]) => it)).not.toContain('taken');
  expect(phase()).toBe('off');
});

test('what is typed is sent only while it is connected', async () => {
  const typed = new Uint8Array([97]);
  serial.send(typed);
  const port = await connect();
  serial.send(typed);
  port.end();
  serial.send(typed);
  expect(port.sent).toEqual([typed]);
});

test('output is given on in order, no faster than it is taken, and in portions', async () => {
  const port = await connect();
  for (let n = 0; n < 200; n++) port.say(new Uint8Array(1024).fill(n));
  expect(given.map(({ length }) => length)).toEqual([1024]);
  for (let done = room.shift(); done; done = room.shift()) done();
  expect(Math.max(...given.map(({ length }) => length))).toBeLessThanOrEqual(64 * 1024);
  const firsts = given.flatMap((it) => [...it].filter((_, at) => at % 1024 === 0));
  expect(firsts).toEqual(Array.from({ length: 200 }, (_, n) => n));
  port.say(new Uint8Array([7]));
  expect(given.at(-1)).toEqual(new Uint8Array([7]));
});

test('what nobody takes is kept up to a limit: the oldest goes', async () => {
  const port = await connect();
  const mebibyte = 1 << 20;
  for (let n = 0; n < 40; n++) port.say(new Uint8Array(mebibyte).fill(n));
  for (let done = room.shift(); done; done = room.shift()) done();
  expect(given.reduce((sum, { length }) => sum + length, 0)).toBe(17 * mebibyte); // one was under way
  expect(given.map((it) => it[0])).toEqual([0, ...Array.from({ length: 16 }, (_, n) => 24 + n)]);
});
