import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Node } from '../lib/lab';
import { bytesOf, mostBytes, Notes } from './notes.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const with_ = (notes: string) => ({ id: 'a', name: 'web-1', notes, state: 'running' }) as unknown as Node;
const tick = (ms = 1_000) => vi.advanceTimersByTimeAsync(ms);

/** Notes over a program that answers as told, and what it was sent. */
function furnished(
  answer: (text: string) => Promise<unknown> = () => Promise.resolve(),
  online: () => boolean = () => true,
  kept = new Map<string, string>(),
) {
  const sent: string[] = [];
  const save = (_: string, text: string) => {
    sent.push(text);
    return answer(text);
  };
  const keeper = {
    get: (key: string) => kept.get(key) ?? '',
    set: (key: string, value: string) => void (value ? kept.set(key, value) : kept.delete(key)),
  };
  return { sent, notes: new Notes(save, () => Promise.resolve(), online, keeper) };
}

test('what is typed is saved after a pause, once', async () => {
  const { sent, notes } = furnished();
  notes.edit(with_(''), 'a');
  await tick(900);
  notes.edit(with_(''), 'ab');
  await tick(900);
  expect([sent, notes.state(with_(''))]).toEqual([[], 'typing']);
  await tick(100);
  expect([sent, notes.state(with_('ab'))]).toEqual([['ab'], 'saved']);
});

test('leaving saves at once, and nothing twice', async () => {
  const { sent, notes } = furnished();
  notes.edit(with_(''), 'a');
  await notes.save(with_(''));
  await notes.save(with_('a'));
  await tick();
  expect(sent).toEqual(['a']);
});

test('what was saved stays in sight until the program tells of it', async () => {
  const { notes } = furnished();
  notes.edit(with_('old'), 'new');
  await tick();
  expect([notes.text(with_('old')), notes.state(with_('old'))]).toEqual(['new', 'saved']);
  notes.edit(with_('old'), 'new and more');
  expect(notes.theirs(with_('old'))).toBeUndefined();
  expect(notes.theirs(with_('new'))).toBeUndefined();
  expect(notes.text(with_('new'))).toBe('new and more');
});

test('what is typed while it saves is saved next', async () => {
  const answers: (() => void)[] = [];
  const { sent, notes } = furnished(() => new Promise<void>((resolve) => answers.push(resolve)));
  notes.edit(with_(''), 'a');
  await tick();
  notes.edit(with_(''), 'ab');
  await tick();
  expect([sent, notes.state(with_(''))]).toEqual([['a'], 'saving']);
  answers[0]?.();
  await tick();
  answers[1]?.();
  await tick(0);
  expect([sent, notes.state(with_('a'))]).toEqual([['a', 'ab'], 'saved']);
});

test('a failure is told, keeps what was typed, and can be tried again', async () => {
  let down = true;
  const refuse = () => Promise.reject(new Error('libvirt is gone'));
  const { sent, notes } = furnished(() => (down ? refuse() : Promise.resolve()));
  notes.edit(with_(''), 'a');
  await tick();
  expect([notes.state(with_('')), notes.text(with_(''))]).toEqual(['failed', 'a']);
  expect(notes.problem('a')?.message).toBe('libvirt is gone');
  down = false;
  await notes.save(with_(''));
  expect([sent, notes.state(with_('')), notes.problem('a')]).toEqual([['a', 'a'], 'saved', undefined]);
});

test('while libvirt is away nothing is sent, and all of it is once it is back', async () => {
  let online = false;
  const { sent, notes } = furnished(undefined, () => online);
  notes.edit(with_(''), 'a');
  await tick();
  expect([sent, notes.state(with_('')), notes.unsaved]).toEqual([[], 'typing', true]);
  online = true;
  notes.saveAll([with_('')]);
  await tick(0);
  expect([sent, notes.state(with_('')), notes.unsaved]).toEqual([['a'], 'saved', false]);
});

test('a node in change takes them when it is through', async () => {
  let busy = true;
  const { sent, notes } = furnished(() => {
    const answer = busy ? Promise.reject(new Error('{"kind":"busy","message":"it is starting"}')) : undefined;
    busy = false;
    return answer ?? Promise.resolve();
  });
  notes.edit(with_(''), 'a');
  await tick();
  expect(notes.state(with_(''))).toBe('failed');
  await tick();
  expect([sent, notes.state(with_(''))]).toEqual([['a', 'a'], 'saved']);
});

test('more than 8 KiB are not sent, and not lost; umlauts count for what they are', async () => {
  const { sent, notes } = furnished();
  const text = 'ä'.repeat(mostBytes / 2);
  notes.edit(with_(''), text + 'x');
  await tick();
  expect([sent, notes.state(with_(''))]).toEqual([[], 'long']);
  expect(bytesOf(notes.text(with_('')))).toBe(mostBytes + 1);
  notes.edit(with_(''), text);
  await tick();
  expect(sent).toEqual([text]);
});

test('without a draft, what another wrote shows', async () => {
  const { notes } = furnished();
  expect(notes.text(with_('theirs'))).toBe('theirs');
  notes.edit(with_(''), 'mine');
  await tick();
  expect(notes.text(with_('mine'))).toBe('mine');
  expect([notes.text(with_('theirs')), notes.state(with_('theirs'))]).toEqual(['theirs', 'saved']);
  notes.edit(with_('theirs'), 'theirs and mine');
  expect(notes.theirs(with_('theirs'))).toBeUndefined();
});

test('of a conflict nothing is sent until it is decided', async () => {
  const { sent, notes } = furnished();
  notes.edit(with_('old'), 'mine');
  await tick(500);
  await notes.save(with_('theirs'));
  expect([sent, notes.state(with_('theirs')), notes.theirs(with_('theirs'))]).toEqual([
    [],
    'conflict',
    'theirs',
  ]);
  notes.keepMine(with_('theirs'));
  await tick(0);
  expect([sent, notes.state(with_('theirs'))]).toEqual([['mine'], 'saved']);
});

test('theirs can be taken, or put below', async () => {
  const one = furnished();
  one.notes.edit(with_('old'), 'mine');
  one.notes.takeTheirs(with_('theirs'));
  await tick();
  expect([one.sent, one.notes.text(with_('theirs'))]).toEqual([[], 'theirs']);
  const two = furnished();
  two.notes.edit(with_('old'), 'mine');
  two.notes.keepBoth(with_('theirs'));
  expect(two.notes.state(with_('theirs'))).toBe('typing');
  await tick();
  expect(two.sent).toEqual(['mine\n\ntheirs']);
});

test('what can not be saved outlives the program, and is saved by the next', async () => {
  const kept = new Map<string, string>();
  const { notes } = furnished(undefined, () => false, kept);
  notes.edit(with_('old'), 'new');
  await tick();
  const next = furnished(undefined, undefined, kept);
  next.notes.saveAll([with_('old')]);
  await tick(0);
  expect([next.sent, next.notes.text(with_('old')), [...kept]]).toEqual([['new'], 'new', []]);
});

test('what was kept does not win over what another wrote meanwhile', async () => {
  const kept = new Map<string, string>();
  const { notes } = furnished(undefined, () => false, kept);
  notes.edit(with_('old'), '');
  await tick();
  const next = furnished(undefined, undefined, kept);
  next.notes.saveAll([with_('theirs')]);
  await tick(0);
  expect([next.sent, next.notes.text(with_('theirs')), next.notes.state(with_('theirs'))]).toEqual([
    [],
    '',
    'conflict',
  ]);
  next.notes.takeTheirs(with_('theirs'));
  expect([...kept]).toEqual([]);
});
