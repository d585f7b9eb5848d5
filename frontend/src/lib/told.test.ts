import { beforeAll, describe, expect, test } from 'vitest';
import { inFull, sentence } from './problem';
import { told } from './told';
import { speak, within, words } from './words';

// The texts are those of backend/words/de.po, where told.go is tried with all of them.
describe('in German', () => {
  beforeAll(async () => void (await speak(['fr', 'de-DE'])));

  test.each([
    ['the node crashed: its process ended by itself or its guest panicked', /^Der Node ist abgestürzt: /],
    ['there is no image debian', /^Es gibt kein Image debian$/],
    ['There is no image debian.', /^Es gibt kein Image debian\.$/],
    ['/a can not be read: permission denied', /^\/a ist nicht lesbar: permission denied$/],
    ['can not open /a: the disk is full', /^\/a kann nicht geöffnet werden: Die Festplatte ist voll$/],
    ['Try again. Stop it first.', /^Noch einmal versuchen\. Zuerst stoppen\.$/],
    ['image base is changed', /: verändert$/],
    ['59.2 GiB of 252.0 GiB are free on /p.', /^59,2 GiB von 252,0 GiB sind frei auf \/p\.$/],
    ['the daemon is dead', /^the daemon is dead$/],
    ['error: whatever qemu says', /^error: whatever qemu says$/],
    ['', /^$/],
  ])('%s', (english, want) => expect(told(english)).toMatch(want));

  test('a problem is one sentence after another', () =>
    expect(inFull({ kind: 'busy', message: 'web is running already', hint: 'Stop it first.' })).toBe(
      'web läuft schon. Zuerst stoppen.',
    ));

  test('what names begin keeps its small letter', () =>
    expect(sentence('web läuft schon')).toBe('web läuft schon.'));

  test('places are filled in the order of the language, and what is not known stays', () => {
    expect(words('Clone {0} as {1}', ['web', 'db'])).toBe('web als db klonen');
    expect(words('No such text {0}', [1])).toBe('No such text 1');
    expect(words.p('# node\n# nodes')).toEqual(['# Node', '# Nodes']);
    expect(words.c('<0/> {0} of {1} made <1>Stop after these</1>')).toEqual([
      [0],
      ' ',
      0,
      ' von ',
      1,
      ' erstellt ',
      [1, 'Nach diesen aufhören'],
    ]);
    expect(within('Node erstellen')).toBe('Node erstellen');
  });

  test('numbers, sizes and times are as there', async () => {
    const { bytes, count, duration, memory, moment } = await import('./format');
    const at = new Date(2026, 10, 21, 16, 5);
    expect(bytes(3.2 * 1024 ** 2)).toBe('3,2 MiB');
    expect(memory(1536)).toBe('1,5 GiB');
    expect(count(4096)).toBe('4.096');
    expect(duration(3_200)).toBe('3,2 s');
    expect(moment(at.toISOString(), at.getTime())).toBe('16:05');
    expect(moment(at.toISOString(), at.getTime() + 864e5)).toMatch(/^21\. Nov\.,? 16:05$/);
  });
});

test('where there is none of the wished languages it is English', async () => {
  expect(await speak(['xx', 'fr'])).toBe('en');
  expect(words('Clone {0} as {1}', ['web', 'db'])).toBe('Clone web as db');
  expect(within('Create node')).toBe('create node');
});
