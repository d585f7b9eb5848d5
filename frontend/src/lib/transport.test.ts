import { expect, test } from 'vitest';
import type { GatewayStatus, Registration } from './lab';
import { choose, circumstances, unavailable, type Way, type Wish } from './transport';

const gateway = (state: string, more: object = {}) => ({ mode: 'stack', state, ...more }) as GatewayStatus;
const registration = (state: string, more: object = {}) => ({ state, ...more }) as Registration;
const problem = { kind: 'unavailable', message: 'the database does not answer' };

const good: Way = { gateway: gateway('ready'), registration: registration('registered'), failure: '' };

test.each<[string, Wish, Partial<Way>, string, string]>([
  ['all is well', 'auto', {}, 'guacamole', 'Guacamole is ready.'],
  ['nothing is known', 'auto', { gateway: undefined }, 'direct', 'Guacamole is not set up.'],
  ['it is off', 'auto', { gateway: gateway('off') }, 'direct', 'Guacamole is not set up.'],
  ['it starts', 'auto', { gateway: gateway('starting') }, 'direct', 'Guacamole is starting.'],
  [
    'it failed',
    'auto',
    { gateway: gateway('failed', { problem }) },
    'direct',
    'Guacamole is not ready. The database does not answer.',
  ],
  [
    'the node registers',
    'auto',
    { registration: registration('registering') },
    'guacamole',
    'Registering with Guacamole.',
  ],
  [
    'it failed below an open console',
    'auto',
    { gateway: gateway('failed', { problem }), connected: 'guacamole' },
    'guacamole',
    'This console stays open. Guacamole is not ready. The database does not answer.',
  ],
  [
    'it came while the console was direct',
    'auto',
    { connected: 'direct' },
    'guacamole',
    'Guacamole is ready.',
  ],
  [
    'the node can not be registered',
    'auto',
    { registration: registration('registering', { problem }) },
    'direct',
    'Guacamole does not have this node yet. The database does not answer.',
  ],
  [
    'it failed in this tab',
    'auto',
    { failure: 'No picture came within ten seconds.' },
    'direct',
    'No picture came within ten seconds. The display is shown directly.',
  ],
  ['it was wished, whatever failed', 'guacamole', { failure: 'no' }, 'guacamole', 'You chose it.'],
  ['it was wished while it is off', 'guacamole', { gateway: gateway('off') }, 'guacamole', 'You chose it.'],
  ['VNC was wished', 'direct', {}, 'direct', 'You chose it.'],
])('%s', (_, wish, way, transport, reason) =>
  expect(choose(wish, { ...good, ...way })).toEqual({ transport, reason }),
);

test('it is told why Guacamole can not be had at all', () => {
  expect(unavailable(good)).toBe('');
  expect(unavailable({ ...good, failure: 'no' })).toBe('');
  expect(unavailable({ ...good, gateway: gateway('stopping') })).toBe('Guacamole is stopping.');
});

test('circumstances are the same for progress, and others for what matters', () => {
  const now = circumstances(good, true);
  expect(circumstances({ ...good, gateway: gateway('ready', { progress: 'x' }) }, true)).toBe(now);
  expect(circumstances({ ...good, gateway: gateway('failed') }, true)).not.toBe(now);
  expect(circumstances({ ...good, registration: registration('registering') }, true)).not.toBe(now);
  expect(circumstances(good, false)).not.toBe(now);
});
