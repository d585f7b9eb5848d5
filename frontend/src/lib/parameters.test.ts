import { expect, test } from 'vitest';
import type { Node } from './lab';
import { inputOf, recordingFault, settingsOf } from './parameters';

const node = (more: object = {}) => ({ name: 'web', ...more }) as Node;

test('a node without any has the defaults, and keeps them', () => {
  const settings = settingsOf(node());
  expect(settings).toMatchObject({ keymap: '', depth: '', readOnly: false, follow: false, recording: '' });
  expect(inputOf(node(), settings)).toEqual({ keymap: '', clipboard: false, guacamole: {} });
});

test('what is set is shown, and what is unknown to the dialog stays', () => {
  const guacamole = { 'read-only': 'true', 'disable-display-resize': 'false', encodings: 'zrle' };
  const set = node({ keymap: 'de', clipboard: true, guacamole });
  const settings = settingsOf(set);
  expect(settings).toMatchObject({ keymap: 'de', readOnly: true, follow: true });
  expect(inputOf(set, settings)).toEqual({ keymap: 'de', clipboard: true, guacamole });
});

test('what is taken back is left out', () => {
  const set = node({ guacamole: { 'read-only': 'true', 'color-depth': '8' } });
  const settings = { ...settingsOf(set), readOnly: false, depth: '', recording: ' web ' };
  expect(inputOf(set, settings).guacamole).toEqual({ 'recording-name': 'web' });
});

test.each(['', ' ', 'web', 'web-${GUAC_DATE}-${GUAC_TIME}', '${GUAC_DATE}.guac'])(
  '%j names a recording',
  (name) => expect(recordingFault(name)).toBe(''),
);

test.each(['.web', 'a/b', '${GUAC_USERNAME}', 'a b', '$', 'x'.repeat(99)])('%j does not', (name) =>
  expect(recordingFault(name)).not.toBe(''),
);
