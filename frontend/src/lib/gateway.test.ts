import { expect, test } from 'vitest';
import { factsOf, noSettings, powerOf, problemsOf, settingsFaults } from './gateway';
import type { GatewayReport, GatewaySettings, GatewayStatus, Node } from './lab';

const status = (mode: string, state: string, more: object = {}) =>
  ({ mode, state, ...more }) as GatewayStatus;
const settings = (more: object) => ({ ...noSettings, ...more }) as GatewaySettings;
const problem = (message: string) => ({ kind: 'unavailable', message });

test.each([
  ['off', 'off', { up: true, down: false }],
  ['stack', 'starting', { up: false, down: true }],
  ['stack', 'ready', { up: false, down: true }],
  ['stack', 'failed', { up: true, down: true }],
  ['stack', 'stopping', { up: false, down: false }],
  ['external', 'failed', { up: false, down: false }],
])('the containers of one that is %s and %s', (mode, state, want) =>
  expect(powerOf(status(mode, state))).toEqual(want),
);

test('facts are those that are known', () => {
  const nodes = [{ gateway: { state: 'registered' } }, { gateway: { state: 'registering' } }] as Node[];
  expect(factsOf(status('stack', 'ready', { url: 'http://g', schema: '1.6' }), nodes)).toEqual([
    ['Runs as', 'Containers on this computer'],
    ['Address', 'http://g'],
    ['Database schema', '1.6'],
    ['Registered', '1 of 2 nodes'],
  ]);
  expect(factsOf(status('external', 'connecting'), nodes)).toEqual([['Runs as', 'An existing Guacamole']]);
});

test('a problem that is told twice is shown once', () => {
  const failed = status('stack', 'failed', { problem: problem('a') });
  const report = (message: string) => ({ problem: problem(message) }) as GatewayReport;
  expect(problemsOf(failed, report('a'))).toHaveLength(1);
  expect(problemsOf(failed, report('b'))).toHaveLength(2);
  expect(problemsOf(status('off', 'off'))).toEqual([]);
});

const external = {
  mode: 'external',
  url: 'https://guac.example.org/guacamole',
  dsn: 'postgres://me:********@db:5432/guacamole',
};

test.each([
  ['off', {}, []],
  ['automatic ports', { mode: 'stack' }, []],
  ['ports out of range', { mode: 'stack', webPort: 70_000, guacdPort: -1 }, ['webPort', 'guacdPort']],
  ['an existing one', external, []],
  ['one without an address', { ...external, url: '' }, ['url']],
  ['another database', { ...external, dsn: 'mysql://a@b/c' }, ['dsn']],
  ['a DSN without a user', { ...external, dsn: 'postgres://db/guacamole' }, ['dsn']],
  ['a relative folder', { ...external, recordings: 'recordings' }, ['recordings']],
])('settings: %s', (_, more, want) => expect(Object.keys(settingsFaults(settings(more)))).toEqual(want));
