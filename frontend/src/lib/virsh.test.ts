import { expect, test } from 'vitest';
import { quoted, virshLines } from './virsh';

test.each([
  ['web-1', 'web-1'],
  ['qemu:///session', 'qemu:///session'],
  ['', "''"],
  ['a b', "'a b'"],
  ["it's", String.raw`'it'\''s'`],
  ['$(reboot)', "'$(reboot)'"],
  ['qemu+ssh://ada@host/system?no_verify=1&x=~', "'qemu+ssh://ada@host/system?no_verify=1&x=~'"],
  ['a\nb', "'a\nb'"],
])('%j is quoted as %s', (word, want) => expect(quoted(word)).toBe(want));

const id = '00000000-0000-4000-8000-000000000001';
const line = (name: string) => virshLines('qemu:///session', { id, name })[0]?.command;

test('a line names the connection and the node', () =>
  expect(line('web-1')).toBe('virsh -c qemu:///session start web-1'));

test.each(['7', '-x'])('%s is named by its UUID: virsh would take it for something else', (name) =>
  expect(line(name)).toBe(`virsh -c qemu:///session start ${id}`),
);

test('every action has a line', () => {
  const verbs = virshLines('test:///default', { id, name: 'a' }).map(({ verb }) => verb);
  expect(verbs).toEqual(
    'start shutdown destroy reboot suspend resume console dumpxml vncdisplay domifaddr'.split(' '),
  );
});
