import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Exchange, pasteKey } from './exchange';

let desk: string | undefined;
let written: string[];
let pasted: string[];
let tapped: number[];
let refused: number[];
let exchange: Exchange;

beforeEach(() => {
  vi.useFakeTimers();
  [desk, written, pasted, tapped, refused] = ['one', [], [], [], []];
  exchange = new Exchange(
    { read: () => Promise.resolve(desk), write: (text) => Promise.resolve(written.push(text)) },
    { paste: (text) => pasted.push(text), press: ({ keysym }, down) => down && tapped.push(keysym) },
    (length) => refused.push(length),
  );
});
afterEach(() => vi.useRealTimers());

const key = (key: string, more: object = {}) =>
  ({
    key,
    code: '',
    ctrlKey: false,
    altKey: false,
    shiftKey: false,
    metaKey: false,
    ...more,
  }) as KeyboardEvent;

test('the guest gets what is new', async () => {
  await exchange.offer();
  await exchange.offer();
  desk = 'two';
  await exchange.offer();
  expect(pasted).toEqual(['one', 'two']);
});

test('another connection gets it again', async () => {
  await exchange.offer();
  exchange.forget();
  await exchange.offer();
  expect(pasted).toEqual(['one', 'one']);
});

test('what the guest copied is not given back to it', async () => {
  exchange.take('one');
  await exchange.offer();
  exchange.take('one');
  expect([written, pasted]).toEqual([['one'], []]);
});

test('nothing and too much stay here', async () => {
  for (desk of ['', 'x'.repeat(300_000)]) await exchange.offer();
  exchange.take('');
  expect([written, pasted]).toEqual([[], []]);
});

test('where the clipboard can be read, the keys go straight to the guest', async () => {
  await exchange.offer();
  expect(exchange.key(key('v', { ctrlKey: true }))).toBe(false);
});

test('where it can not, the text goes first', async () => {
  desk = undefined;
  await exchange.offer();
  expect(exchange.key(key('v', { ctrlKey: true }))).toBe(true);
  exchange.give('pasted by hand');
  expect([pasted, tapped]).toEqual([['pasted by hand'], []]);
  await vi.advanceTimersByTimeAsync(0);
  expect(tapped).toEqual([0x76]);
  expect(exchange.key(key('v'))).toBe(false);
});

test.each([
  ['v', { ctrlKey: true }, 0x76],
  ['V', { ctrlKey: true, shiftKey: true }, 0x56],
  ['Insert', { shiftKey: true }, 0xff63],
  ['v', {}, undefined],
  ['v', { ctrlKey: true, altKey: true }, undefined],
  ['Insert', {}, undefined],
])('%s %j', (name, more, want) => expect(pasteKey(key(name, more))).toBe(want));

test('a text that is too long is refused when it is pasted, not when the guest gets the keyboard', async () => {
  desk = 'x'.repeat(300_000);
  await exchange.offer();
  exchange.key(key('a'));
  expect(refused).toEqual([]);
  exchange.key(key('v', { ctrlKey: true }));
  exchange.handed(desk);
  expect([refused, pasted]).toEqual([[300_000, 300_000], []]);
  desk = 'short';
  await exchange.offer();
  exchange.key(key('v', { ctrlKey: true }));
  expect([refused.length, pasted]).toEqual([2, ['short']]);
});
