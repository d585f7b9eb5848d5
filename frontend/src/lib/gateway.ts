// What can be said of the gateway, and done with it, by its state.

import type { GatewayMode, GatewayReport, GatewaySettings, GatewayStatus, Node } from './lab';
import { plural } from './format';

const modes: Record<GatewayMode, string> = {
  off: 'Nothing',
  stack: 'Containers on this computer',
  external: 'An existing Guacamole',
};

/** Whether its containers can be started, and stopped, now. What runs elsewhere can be neither. */
export function powerOf({ mode, state }: GatewayStatus): { up: boolean; down: boolean } {
  const external = `${mode}` === 'external';
  const idle = ['off', 'failed'].includes(state);
  return { up: !external && idle, down: `${mode}` === 'stack' && !['off', 'stopping'].includes(state) };
}

/** Whether it is in no change, so that what was asked of it has come to its end. */
export const isSettled = ({ state }: GatewayStatus) => ['off', 'ready', 'failed'].includes(state);

/** What is known of a gateway that is set up. */
export function factsOf(status: GatewayStatus, nodes: Node[]): [name: string, value: string][] {
  const registered = nodes.filter(({ gateway }) => gateway?.state === 'registered').length;
  const ready = `${status.state}` === 'ready';
  return [
    ['Runs as', modes[status.mode]],
    ['Address', status.url ?? ''],
    ['Database schema', status.schema ?? ''],
    ['Registered', ready ? plural(nodes.length, ['{0} of # node', '{0} of # nodes'], registered) : ''],
  ].filter((fact): fact is [string, string] => fact[1] !== '');
}

/** What is in the way, most telling first. */
export function problemsOf(status: GatewayStatus, report?: GatewayReport) {
  const all = [status.problem, report?.problem].filter((problem) => problem !== undefined);
  return all.filter(({ message }, at) => all.findIndex((other) => other.message === message) === at);
}

/** Settings of a gateway that was never set up. */
export const noSettings: GatewaySettings = {
  mode: 'off' as GatewaySettings['mode'],
  url: '',
  dsn: '',
  displayHost: '',
  recordings: '',
  webPort: 0,
  guacdPort: 0,
  databasePort: 0,
};

export type SettingsFaults = Partial<Record<keyof GatewaySettings, string>>;

/** What is wrong with settings, by field. The program judges the rest. */
export function settingsFaults(settings: GatewaySettings): SettingsFaults {
  if (`${settings.mode}` === 'stack') return portFaults(settings);
  if (`${settings.mode}` === 'external') return externalFaults(settings);
  return {};
}

const portFields = ['webPort', 'guacdPort', 'databasePort'] as const;

function portFaults(settings: GatewaySettings): SettingsFaults {
  const wrong = portFields.filter((field) => !isPort(settings[field]));
  return Object.fromEntries(wrong.map((field) => [field, 'Choose 1 to 65535, or leave it empty.']));
}

const isPort = (port: number) => Number.isInteger(port) && port >= 0 && port <= 65535;

function externalFaults({ url, dsn, recordings }: GatewaySettings): SettingsFaults {
  const faults: SettingsFaults = {};
  if (!/^https?:\/\/[^\s/]+/.test(url)) faults.url = 'Give the address that opens Guacamole in a browser.';
  if (!/^postgres(ql)?:\/\/[^\s@]+@[^\s/]+\/\S+/.test(dsn))
    faults.dsn = 'Write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE.';
  if (recordings && !recordings.startsWith('/')) faults.recordings = 'Give a full path, or leave it empty.';
  return faults;
}

/** The steps of a test, in their order, as a person reads them. */
export const steps: Record<string, string> = {
  tcp: 'Database answers',
  tls: 'Its certificate',
  login: 'Database login',
  schema: 'Tables',
  rights: 'Rights',
  'web app': 'Web application',
  token: 'Its login',
  database: 'Same database',
  guacd: 'guacd',
};
