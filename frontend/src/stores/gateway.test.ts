import { expect, test } from 'vitest';
import type { GatewayReport, LabEvent } from '../lib/lab';
import { LabError } from '../lib/problem';
import { Activity } from './activity.svelte';
import { Gateway } from './gateway.svelte';
import { Lab } from './lab.svelte';

const refusal = new LabError({ kind: 'busy', message: 'the gateway is stopping' });
const noDocker = { kind: 'unavailable', message: 'Docker does not answer', hint: 'Is it running?' };

/** A gateway over a program that takes what it is told, and what is kept of it. */
function furnished(answer: () => Promise<unknown> = () => Promise.resolve()) {
  const lab = new Lab();
  const activity = new Activity();
  const is = (state: string, problem?: object) => {
    const status = { mode: 'stack', state, problem };
    lab.apply({ kind: 'gateway', gateway: status } as unknown as LabEvent);
  };
  const program = {
    gateway: () => Promise.resolve({} as GatewayReport),
    gatewayUp: () => answer() as never,
    gatewayDown: () => answer() as never,
    gatewayLogs: () => Promise.resolve(''),
  };
  is('off');
  return { gateway: new Gateway(program, lab, activity), activity, is };
}

const outcomes = ({ list }: Activity) => list.map(({ title, outcome }) => `${title}: ${outcome}`);
const turn = () => new Promise((resolve) => setTimeout(resolve));

test('bringing it up is under way until it is ready', async () => {
  const { gateway, activity, is } = furnished();
  const up = gateway.up();
  expect(gateway.busy).toBe(true);
  await turn();
  expect(gateway.busy).toBe(false);
  for (const state of ['starting', 'connecting']) {
    is(state);
    await turn();
    expect(outcomes(activity)).toEqual(['Start the gateway: working']);
  }
  is('ready');
  await up;
  expect(outcomes(activity)).toEqual(['Start the gateway: done']);
  expect(activity.list[0]?.took).toBeGreaterThan(0);
});

test('why it could not be brought up is kept in full', async () => {
  const { gateway, activity, is } = furnished();
  const up = gateway.up();
  is('starting');
  is('failed', noDocker);
  await up;
  expect(activity.list[0]).toMatchObject({ outcome: 'failed', problem: noDocker });
  expect(gateway.problem).toBeUndefined(); // its status tells it
});

test('a refusal ends it at once', async () => {
  const { gateway, activity } = furnished(() => Promise.reject(refusal));
  await gateway.up();
  expect(activity.list[0]).toMatchObject({ outcome: 'failed', problem: { message: refusal.message } });
  expect(gateway.problem?.message).toBe(refusal.message);
  expect(gateway.busy).toBe(false);
});

test('taking it down while it comes up ends both', async () => {
  const { gateway, activity, is } = furnished();
  const up = gateway.up();
  await turn();
  is('starting');
  const down = gateway.down();
  is('stopping');
  is('off');
  await Promise.all([up, down]);
  expect(outcomes(activity)).toEqual(['Stop the gateway: done', 'Start the gateway: cancelled']);
});
