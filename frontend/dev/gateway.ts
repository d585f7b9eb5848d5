// The gateway of the backend that lives in the page. ?gateway= chooses its state:
// off (as without it), starting, connecting, ready, failed, external.

import type {
  Check,
  GatewayReport,
  GatewaySettings,
  GatewayStatus,
  Problem,
  StackService,
} from '../src/lib/lab';

type Told = (status: GatewayStatus) => void;

const asked = new URLSearchParams(location.search).get('gateway') ?? 'off';
const url = asked === 'external' ? 'https://guac.example.org/guacamole' : 'http://127.0.0.1:8080/guacamole';

const problems: Record<string, Problem> = {
  failed: {
    kind: 'denied',
    message: 'The socket of Docker can not be used: permission denied on /var/run/docker.sock.',
    hint: 'Add yourself to its group, then log in anew: sudo usermod -aG docker ada',
  },
};

const progress: Record<string, string> = {
  starting: 'guacamole/guacamole: pulling, 41 MB of 128 MB',
  stopping: 'Stopping guacd',
};

const status = (state: string, mode: string): GatewayStatus =>
  ({
    mode,
    state,
    ...(state !== 'off' && { url }),
    ...(state === 'ready' && { schema: '1.6' }),
    progress: progress[state],
    problem: problems[state],
  }) as GatewayStatus;

const service = (name: string, state: string, health?: string): StackService => ({ name, state, health });
const services: Record<string, StackService[]> = {
  starting: [
    service('postgres', 'running', 'healthy'),
    service('guacd', 'running', 'starting'),
    service('guacamole', 'created'),
  ],
  ready: ['postgres', 'guacd', 'guacamole'].map((name) => service(name, 'running', 'healthy')),
  connecting: ['postgres', 'guacd', 'guacamole'].map((name) => service(name, 'running', 'healthy')),
};

const steps: [name: string, message: string][] = [
  ['tcp', 'guac.example.org:5432 answers.'],
  ['tls', 'Its certificate is good until 4 Mar 2027.'],
  ['login', 'It lets sandboxlabs in.'],
  ['schema', 'Its tables are those of Guacamole 1.6.'],
  ['rights', 'Connections can be written.'],
  ['web app', 'https://guac.example.org/guacamole answers.'],
  ['token', 'It lets our user in.'],
  ['database', 'Our user sees what we write.'],
];

const failure = {
  name: 'web app',
  status: 'failed',
  message: 'https://wrong.example.org/guacamole does not answer: no such host',
  remedy: 'Give the address that opens Guacamole in a browser.',
} as Check;

export class Gateway {
  #told: Told;
  #status =
    asked === 'external' ? status('ready', 'external') : status(asked, asked === 'off' ? 'off' : 'stack');
  #settings = {
    mode: this.#status.mode,
    url: asked === 'external' ? url : '',
    dsn: asked === 'external' ? 'postgres://sandboxlabs:********@guac.example.org:5432/guacamole' : '',
    displayHost: '',
    recordings: '',
    webPort: 0,
    guacdPort: 0,
    databasePort: 0,
  };

  constructor(told: Told) {
    this.#told = told;
  }

  get status(): GatewayStatus {
    return this.#status;
  }

  report(): GatewayReport {
    const stack = `${this.#status.mode}` === 'stack';
    return {
      status: this.#status,
      settings: this.#settings as GatewaySettings,
      services: stack ? (services[this.#status.state] ?? []) : [],
      problem: stack ? problems[this.#status.state] : undefined,
    };
  }

  set(settings: GatewaySettings): GatewayStatus {
    if (settings.displayHost === 'boom')
      throw JSON.stringify({
        kind: 'invalid',
        message: '"boom" is not a host’s name or address',
        hint: 'Leave it empty where guacd runs on this machine.',
      });
    this.#settings = { ...settings, dsn: settings.dsn.replace(/:[^:@/]+@/, ':********@') };
    const mode = `${settings.mode}`;
    return this.#become(status(mode === 'off' ? 'off' : 'connecting', mode), mode === 'off' ? [] : ['ready']);
  }

  async test({ url }: GatewaySettings): Promise<Check[]> {
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const checks = steps.map(([name, message]) => ({ name, message, status: 'ok' }) as Check);
    return url.includes('wrong') ? [...checks.slice(0, 5), failure] : checks;
  }

  up(): GatewayStatus {
    return this.#become(status('starting', 'stack'), ['connecting', 'ready']);
  }

  down(): GatewayStatus {
    return this.#become(status('stopping', 'stack'), ['off']);
  }

  logs(): string {
    const lines = ['listening on 127.0.0.1:4822', 'user "sandboxlabs" logged in', 'tunnel opened to "web-1"'];
    return lines.map((line, n) => `guacamole  | 14:03:0${n} INFO  ${line}`).join('\n');
  }

  #become(next: GatewayStatus, then: string[]): GatewayStatus {
    this.#status = next;
    this.#told(next);
    then.forEach((state, n) => setTimeout(() => this.#tell(state), 1500 * (n + 1)));
    return next;
  }

  #tell(state: string): void {
    this.#status = status(state, state === 'off' ? 'off' : this.#status.mode);
    this.#told(this.#status);
  }
}
