import { describe, expect, it } from 'vitest';
import type { Setting } from './lab';
import { logLevel, sections, settingFault, sought, toggled, wordsOf } from './settings';

const setting = (more: Partial<Setting>) =>
  ({ kind: 'number', min: 1, max: 64, value: '', ...more }) as Setting;

describe('settings', () => {
  it('finds a number that can not be', () => {
    for (const value of ['', ' ', '0', '65', '1.5', 'many'])
      expect(settingFault(setting({}), value)).toBe('Choose 1 to 64.');
    for (const value of ['1', ' 64 ']) expect(settingFault(setting({}), value)).toBe('');
    expect(settingFault(setting({ kind: 'text' as Setting['kind'] }), '')).toBe('');
  });

  it('takes and leaves a choice of a list', () => {
    const notices = setting({ choices: ['stopped', 'images', 'disk'], value: 'disk' });
    expect(toggled(notices, 'stopped', true)).toBe('stopped\ndisk');
    expect(toggled(notices, 'disk', false)).toBe('');
    expect(wordsOf('')).toEqual([]);
  });

  it('finds a row by its words and its key', () => {
    const all = [...sections.flatMap(({ lines }) => lines), logLevel];
    const found = (query: string) => all.filter((line) => sought(line, query)).map(({ key }) => key);
    expect(found('')).toHaveLength(all.length);
    expect(found('undo.g')).toEqual(['undo.gib']);
    expect(found('TRAY icon')).toEqual(['desktop.tray']);
    expect(found('nothing of the kind')).toEqual([]);
    expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
  });
});
