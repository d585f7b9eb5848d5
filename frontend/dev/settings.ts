// The settings of the fake backend.

import type { Folder, Setting, Settings, SettingsChange } from '../src/lib/api';

const item = (key: string, kind: string, preset: string, more: Partial<Setting> = {}): Setting =>
  ({
    key,
    kind,
    value: preset,
    default: preset,
    min: 0,
    max: 0,
    atStart: false,
    waits: false,
    ...more,
  }) as Setting;
const number = (key: string, preset: string, max: number) => item(key, 'number', preset, { min: 1, max });
const choice = (key: string, ...choices: string[]) => item(key, 'choice', choices[0] ?? '', { choices });

const items = [
  item('connect', 'text', '', { atStart: true }),
  { ...choice('emulation', 'auto', 'kvm', 'tcg'), atStart: true },
  item('pool.name', 'text', 'sandboxlabs', { atStart: true }),
  item('pool.path', 'text', '', { atStart: true }),
  number('node.vcpus', '1', 255),
  number('node.memory_mib', '512', 1 << 20),
  number('node.stop_seconds', '30', 3600),
  number('undo.hours', '24', 8760),
  number('undo.gib', '10', 1 << 20),
  number('bulk.limit', '4', 64),
  item('serve.listen', 'text', '127.0.0.1:3001', { atStart: true }),
  item('first_boot.user', 'text', ''),
  item('first_boot.ssh_keys', 'list', ''),
  choice('console.transport', 'auto', 'direct', 'guacamole'),
  choice('desktop.close', 'auto', 'hide', 'quit', 'ask'),
  item('desktop.tray', 'switch', 'true'),
  item('desktop.notices', 'list', 'stopped\nimages\nwipes\ndisk', {
    choices: ['stopped', 'images', 'wipes', 'disk'],
  }),
  choice('desktop.language', 'auto', 'en', 'de'),
  choice('desktop.scheme', 'auto', 'dark', 'light'),
  choice('log_level', 'info', 'debug', 'warn', 'error'),
];

export const settings = (): Settings => ({
  file: '/home/ada/.config/sandboxlabs/config.toml',
  items: [...items],
});

export function changeSettings(
  { set, reset }: SettingsChange,
  fail: (kind: string, message: string) => never,
) {
  for (const [n, was] of items.entries()) {
    const value = reset.includes(was.key) ? was.default : set[was.key];
    if (value === undefined) continue;
    if (was.key === 'pool.path' && !value.startsWith('/'))
      fail('invalid', `this can not be set: pool.path: "${value}" is not an absolute path`);
    items[n] = { ...was, value, waits: was.atStart && value !== was.default };
  }
  return settings();
}

const home = '/home/ada/.local';
export const folders = [
  { name: 'images', path: `${home}/share/sandboxlabs/pool`, bytes: 441_872_384, files: 2 },
  { name: 'overlays', path: `${home}/share/sandboxlabs/pool`, bytes: 2_612_494_336, files: 9 },
  { name: 'data', path: `${home}/share/sandboxlabs`, bytes: 61_440, files: 12 },
  { name: 'settings', path: '/home/ada/.config/sandboxlabs', bytes: 4096, files: 1 },
  { name: 'state', path: `${home}/state/sandboxlabs`, bytes: 1_253_376, files: 14 },
  { name: 'log', path: `${home}/state/sandboxlabs/log`, bytes: 1_191_936, files: 2 },
  { name: 'crashes', path: `${home}/state/sandboxlabs/crashes`, bytes: 8192, files: 1 },
  { name: 'cache', path: '/home/ada/.cache/sandboxlabs', bytes: 1_048_576, files: 40 },
] as Folder[];
