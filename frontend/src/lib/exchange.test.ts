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
  expect(exchange.key(key('v', { ctrlKey: true }))).toBe('guest');
});

test('where it can not, the text goes first', async () => {
  desk = undefined;
  await exchange.offer();
  expect(exchange.key(key('v', { ctrlKey: true }))).toBe('browser');
  exchange.handed('pasted by hand');
  expect([pasted, tapped]).toEqual([['pasted by hand'], []]);
  await vi.advanceTimersByTimeAsync(0);
  expect(tapped).toEqual([0x76]);
  expect(exchange.key(key('v'))).toBe('guest');
});

test.each([
  ['v', { ctrlKey: true }, 0x76],
  ['V', { ctrlKey: true, shiftKey: true }, 0x56],
  ['Insert', { shiftKey: true }, 0xff63],
  ['v', {}, undefined],
  ['v', { ctrlKey: true, altKey: true }, undefined],
  ['Insert', {}, undefined],
])('%s %j', (name, more, want) => expect(pasteKey(key(name, more))).toBe(want));

const paste = () => exchange.key(key('v', { ctrlKey: true }));
const long = 'x'.repeat(300_000);

test('a text that is too long is refused when it is pasted, not when the guest gets the keyboard', async () => {
  desk = long;
  await exchange.offer();
  expect([exchange.key(key('a')), refused]).toEqual(['guest', []]);
  expect([paste(), refused, pasted]).toEqual(['nobody', [300_000], []]);
  desk = 'short';
  await exchange.offer();
  expect([paste(), refused.length, pasted]).toEqual(['guest', 1, ['short']]);
});

test('where the clipboard can not be read, the keys stay from the guest when the text was refused', async () => {
  desk = undefined;
  await exchange.offer();
  for (const text of [long, 'short', long]) {
    expect(paste()).toBe('browser');
    exchange.handed(text);
    await vi.advanceTimersByTimeAsync(0);
  }
  expect([refused.length, pasted, tapped]).toEqual([2, ['short'], [0x76]]);
});

test('what the guest copied can be pasted in it, whatever the desktop had', async () => {
  desk = long;
  await exchange.offer();
  exchange.take('of the guest');
  expect([paste(), refused]).toEqual(['guest', []]);
});
