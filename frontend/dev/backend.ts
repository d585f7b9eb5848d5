// A backend that lives in the page, for `npm run dev` and the pictures alone. It
// answers like the program, from memory. The address chooses what it has:
// ?nodes=200, ?images=0, ?lost, ?gone, ?denied, ?silent, ?broken, ?window, ?gateway=ready,
// ?vnc=ws://127.0.0.1:5777 (a QEMU with -vnc :0,websocket=5777),
// ?tunnel=ws://... (what speaks Guacamole's protocol as its web application does).

import type { SettingsChange } from '../src/lib/api';
import type { GatewaySettings, Image, LabEvent, Node, Problem, State } from '../src/lib/lab';
import { Gateway } from './gateway';
import { host } from './host';
import { serveScreenshots } from './screenshot';
import { changeSettings, folders, settings } from './settings';

const asked = new URLSearchParams(location.search);
const MiB = 1 << 20;
const minutesAgo = (n: number) => new Date(Date.now() - n * 60_000).toISOString();

const nodes = new Map<string, Node>();
const images = new Map<string, Image>();
const deleted = new Map<string, Node>();
const hearing: ((event: LabEvent) => void)[] = [];
const send = (event: LabEvent) => hearing.forEach((apply) => apply(event));

const gateway = new Gateway((status) => {
  send({ kind: 'gateway', gateway: status } as LabEvent);
  for (const node of nodes.values()) change(node, { gateway: registration(node.name) });
});

/** edge-router takes long, for whatever reason. */
function registration(name: string): Node['gateway'] {
  const set = !['off', 'stopping'].includes(gateway.status.state);
  const slow = name === 'edge-router' || gateway.status.state !== 'ready';
  const problem = {
    kind: 'unavailable',
    message: 'The database of the gateway does not answer.',
    hint: 'It is tried again by itself.',
  };
  return {
    state: !set ? 'direct' : slow ? 'registering' : 'registered',
    ...(set && name === 'edge-router' && { problem }),
  } as Node['gateway'];
}

function fail(kind: string, message: string, hint?: string): never {
  throw JSON.stringify({ kind, message, hint } satisfies Problem);
}

function addNode(name: string, state: State, more: Partial<Node> = {}): Node {
  const n = nodes.size + 1;
  const node = {
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    name,
    image: 'tiny',
    base: 'tiny.0123456789ab.qcow2',
    vcpus: 1,
    memoryMiB: 256,
    mac: `52:54:00:00:00:${n.toString(16).padStart(2, '0')}`,
    generation: 1,
    createdAt: minutesAgo(900 - n),
    startedAt: state === 'stopped' && n % 2 ? null : minutesAgo(n * 7),
    state,
    overlay: { path: '', bytes: 196 * 1024 + n * 777_777 },
    gateway: registration(name),
    ...more,
  } as Node;
  nodes.set(node.id, node);
  return node;
}

function addImage(name: string, bytes: number, more: Partial<Image> = {}): void {
  images.set(name, {
    name,
    bytes,
    virtualBytes: 8 * 1024 * MiB,
    sha256: '9f2c4de1a07b55c3d8e6'.repeat(3),
    volume: '',
    path: '',
    addedAt: minutesAgo(4000),
    modTime: minutesAgo(4000),
    state: 'ready',
    ...more,
  } as Image);
}

function furnish(): void {
  if (asked.get('images') !== '0') {
    addImage('tiny', 9.4 * MiB, { virtualBytes: 64 * MiB, usedBy: ['web-1', 'web-2', 'edge-router'] });
    addImage('debian-12', 412 * MiB, { usedBy: ['db-primary'] });
  }
  const count = Number(asked.get('nodes') ?? -1);
  for (let n = 1; n <= count; n++) addNode(`node-${n}`, n % 3 ? 'stopped' : 'running');
  if (count < 0 && images.size) furnishStates();
}

function furnishStates(): void {
  addImage('debian-13-genericcloud-amd64', 130 * MiB, { state: 'adding' as Image['state'], progress: 0.41 });
  addImage('passwd', 0, {
    state: 'adding' as Image['state'],
    sha256: '',
    virtualBytes: 0,
    problem: {
      kind: 'invalid',
      message: '/etc/passwd can not be a base image: it is not a qcow2 disk',
      hint: 'Make a whole one of it: qemu-img convert -O qcow2 OLD NEW.qcow2',
    },
  });
  addImage('old', 90 * MiB, {
    state: 'changed' as Image['state'],
    problem: {
      kind: 'unavailable',
      message: 'The file of image old is no longer what was recorded.',
      hint: 'Remove the image and add it again.',
    },
  });
  addNode('web-1', 'running', { undo: undo(3.2 * MiB), notes: 'Front end, answers on port 80' });
  addNode('web-2', 'starting');
  addNode('web-10', 'stopping', { vcpus: 2 });
  addNode('edge-router', 'paused', {
    vcpus: 4,
    memoryMiB: 1536,
    overlay: { path: '', bytes: 2.3 * 1024 * MiB },
  });
  addNode('db-primary', 'stopped', { image: 'debian-12', memoryMiB: 4096, vcpus: 8 });
  addNode('scratch', 'stopped', { startedAt: null });
  addNode('build-agent-with-quite-a-long-name-for-a-node', 'failed', {
    image: 'debian-13-genericcloud-amd64',
    problem: {
      kind: 'unavailable',
      message: 'The disk of the pool is full: 12 MiB are free under /var/lib/libvirt/images/sandboxlabs.',
      hint: 'Free some space, then start the node again.',
    },
  });
  addNode('lost-one', 'missing', {
    undo: undo(80 * MiB),
    problem: {
      kind: 'not_found',
      message: 'Its domain is gone from libvirt.',
      hint: 'Make it again from its record, or forget it.',
    },
  });
}

const undo = (bytes: number) => ({ generation: 1, bytes, at: minutesAgo(26), until: minutesAgo(-1400) });

function find(key: string): Node {
  const node = nodes.get(key) ?? [...nodes.values()].find(({ name }) => name === key);
  return node ?? fail('not_found', `There is no node ${key}.`);
}

function change(node: Node, more: object): Node {
  const next = { ...node, ...more };
  nodes.set(node.id, next);
  send({ kind: 'node', node: next } as LabEvent);
  return next;
}

const later = (ms: number, step: () => void) => setTimeout(step, ms);

function boot(node: Node): Node {
  later(700, () => change(find(node.id), { state: 'running', startedAt: minutesAgo(0) }));
  return change(node, { state: 'starting', problem: undefined });
}

function halt(node: Node): Node {
  later(1500, () => change(find(node.id), { state: 'stopped' }));
  return change(node, { state: 'stopping' });
}

function wipe(node: Node): Node {
  if (node.name === 'db-primary')
    fail('unavailable', 'The disk of the pool is full.', 'Free at least 1 MiB.');
  const at = minutesAgo(0);
  const empty = { path: '', bytes: 196 * 1024 };
  return change(node, {
    generation: node.generation + 1,
    undo: { ...undo(node.overlay.bytes), at },
    overlay: empty,
    wipedAt: at,
  });
}

function remove(node: Node): Node {
  nodes.delete(node.id);
  deleted.set(node.id, node);
  send({ kind: 'node_removed', id: node.id } as LabEvent);
  return node;
}

const crash = {
  name: '20261128-130000.000.new.txt',
  at: minutesAgo(3),
  text: 'SandBoxLabs v1.0.0\n\npanic: a mistake\n\ngoroutine 1 [running]:\n',
};

const denied = {
  kind: 'denied',
  message: 'libvirt does not let this user in.',
  hint: 'Join its group, then log in anew.',
};

const calls: Record<string, (...args: never[]) => unknown> = {
  Subscribe() {
    if (asked.has('broken')) fail('unavailable', 'SandBoxLabs is closing.', 'Open it again.');
    if (asked.has('silent')) return;
    if (asked.has('gone')) nodes.clear();
    if (asked.has('gone')) images.clear();
    const down = asked.has('lost') || asked.has('gone');
    const problem = asked.has('denied')
      ? denied
      : {
          kind: 'unavailable',
          message: 'libvirtd closed the connection.',
          hint: 'Is it running? Try: systemctl start libvirtd',
        };
    const link = {
      connected: !down,
      uri: 'qemu:///session',
      attempts: down ? 4 : 0,
      ...(down && { problem, since: new Date(Date.now() - 13_000).toISOString() }),
    };
    const lists = { nodes: [...nodes.values()], images: [...images.values()] };
    send({ kind: 'snapshot', ...lists, link, gateway: gateway.status } as LabEvent);
  },
  Create(input: Node & { start: boolean }) {
    const node = addNode(input.name, 'stopped', {
      ...input,
      startedAt: null,
      overlay: { path: '', bytes: 196 * 1024 },
    });
    if (input.name === 'boom') nodes.delete(node.id);
    if (input.name === 'boom') fail('unavailable', 'The disk of the pool is full.', 'Free at least 1 MiB.');
    return input.start ? boot(node) : change(node, {});
  },
  Show: (key: string) => find(key),
  Start: (key: string) => boot(find(key)),
  Stop: (key: string) => halt(find(key)),
  ForceOff: (key: string) => change(find(key), { state: 'stopped' }),
  Reboot: (key: string) => find(key),
  Pause: (key: string) => change(find(key), { state: 'paused' }),
  Resume: (key: string) => change(find(key), { state: 'running' }),
  Wipe: (key: string) => wipe(find(key)),
  UndoWipe: (key: string) =>
    change(find(key), {
      generation: 1,
      overlay: { path: '', bytes: find(key).undo?.bytes },
      undo: undefined,
    }),
  Delete: (key: string) => remove(find(key)),
  Restore(key: string) {
    const node = deleted.get(key) ?? find(key);
    return change(node, { state: 'stopped', problem: undefined });
  },
  Rename: (key: string, name: string) => change(find(key), { name }),
  Set(key: string, input: { guacamole?: Record<string, string> }) {
    if (input.guacamole?.['recording-name'] === 'boom')
      fail('invalid', 'There is no folder for recordings.', 'Set one among the settings of the gateway.');
    return change(find(key), input);
  },
  Clone: (key: string, input: object) =>
    change(addNode('', 'stopped', find(key)), { ...input, id: crypto.randomUUID() }),
  AddImage: (input: { name: string }) => addImage(input.name, 1),
  RemoveImage: (name: string) =>
    fail('busy', `Nodes stand on image ${name}: web-1, web-2 and edge-router.`, 'Delete them first.'),
  CancelImage(name: string) {
    images.delete(name);
    send({ kind: 'image_removed', id: name } as LabEvent);
  },
  Console(_: string, kind: string) {
    const url = asked.get(kind);
    return url ? { url } : fail('unavailable', 'The display does not answer.');
  },
  ConsoleLink: (key: string) => `${gateway.status.url}/#/client/${btoa(find(key).id)}?token=0123456789abcdef`,
  Gateway: () => gateway.report(),
  SetGateway: (settings: GatewaySettings) => gateway.set(settings),
  TestGateway: (settings: GatewaySettings) => gateway.test(settings),
  GatewayUp: () => gateway.up(),
  GatewayDown: () => gateway.down(),
  GatewayLogs: () => gateway.logs(),
  Settings: () => settings(),
  ChangeSettings: (change: SettingsChange) => changeSettings(change, fail),
  Autostart: () => ({ on: false, foreign: false, file: '/home/ada/.config/autostart/sandboxlabs.desktop' }),
  SetAutostart: (on: boolean) => ({ on, foreign: false, file: '' }),
  Folders: () => folders.map((folder) => ({ ...folder, bytes: 0, files: 0 })),
  MeasureFolder: (name: string) => folders.find((folder) => `${folder.name}` === name),
  Log: () => 'time=2026-11-28T13:00:00Z level=INFO msg="all is well"\n',
  Crashes: () => (asked.has('crashed') ? [crash] : []),
  Usage: () =>
    [...nodes.values()]
      .filter(({ state }) => `${state}` === 'running')
      .map(({ id, vcpus, overlay }, n) => ({
        id,
        at: new Date().toISOString(),
        cpuMillis: Math.round(Date.now() % 1e9) * vcpus * (0.1 + 0.08 * n + 0.00001 * (Date.now() % 5_000)),
        memoryBytes: (90 + 20 * n) * MiB,
        diskBytes: overlay.bytes,
        readBytes: Date.now() % 1e9,
        writtenBytes: (Date.now() * 2) % 1e9,
        receivedBytes: Date.now() % 1e8,
        sentBytes: Date.now() % 1e7,
      })),
  Inspect: (key: string) => ({
    xml: `<domain type='kvm' id='1'>\n  <name>${find(key).name}</name>\n  <uuid>${find(key).id}</uuid>\n</domain>\n`,
    addresses: [
      { interface: 'eth0', mac: find(key).mac, ip: '10.0.2.15', prefix: 24, source: 'agent' },
      { interface: 'eth0', mac: find(key).mac, ip: 'fec0::5054:ff:fe00:1', prefix: 64, source: 'agent' },
    ],
  }),
  History: (key: string) => [
    { at: find(key).createdAt, kind: 'created', detail: `from ${find(key).image}` },
    { at: minutesAgo(600), kind: 'started' },
    { at: minutesAgo(420), kind: 'stopped' },
    {
      at: minutesAgo(400),
      kind: 'failed',
      problem: {
        kind: 'unavailable',
        message: 'The disk of the pool is full.',
        hint: 'Free at least 1 MiB.',
      },
    },
    { at: minutesAgo(120), kind: 'wiped', detail: '12 MiB discarded' },
    { at: minutesAgo(20), kind: 'started' },
  ],
  Deleted: () => [...deleted.values()],
  Host: () => host,
  Preferences: () => ({ 'bulk.limit': '4', ...(JSON.parse(localStorage.preferences ?? '{}') as object) }),
  Prefer(changes: Record<string, string>) {
    localStorage.preferences = JSON.stringify({
      ...(JSON.parse(localStorage.preferences ?? '{}') as object),
      ...changes,
    });
  },
  Appearance: () => ({ accent: '', zoom: 1 }),
  Opening: () => ({ hidden: false, view: '', console: '', node: '', files: [] }),
  Health: () => ({
    host,
    checks: [
      asked.has('denied')
        ? {
            name: 'libvirt',
            status: 'failed',
            message: denied.message,
            remedy: 'sudo usermod -aG libvirt $USER',
          }
        : { name: 'libvirt', status: 'ok', message: 'Connected to qemu:///session, libvirt 9.0.0.' },
      {
        name: 'Acceleration',
        status: 'warning',
        message: 'KVM can not be used: /dev/kvm is not there. Nodes are emulated, which is much slower.',
        remedy: 'sudo modprobe kvm_intel',
      },
      { name: 'Pool', status: 'ok', message: 'The pool sandboxlabs is active, 31 GiB are free.' },
      {
        name: 'Permissions',
        status: 'failed',
        message: 'QEMU may not read /home/ada/.local/share/sandboxlabs/pool.',
        remedy: 'chmod o+x /home/ada',
      },
    ],
  }),
};

async function answer(name: string, args: unknown[]): Promise<unknown> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  return calls[name]?.(...(args as never[]));
}

serveScreenshots((id) => find(id).name);
furnish();
const app = new Proxy(
  {},
  {
    get:
      (_, name: string) =>
      (...args: unknown[]) =>
        answer(name, args),
  },
);
Object.assign(window, {
  go: { app: { App: app } },
  runtime: {
    EventsOnMultiple: (name: string, apply: typeof send) => name === 'event' && hearing.push(apply),
    OnFileDrop: () => undefined, // files are dropped from another program
    Environment: () => Promise.resolve({ platform: asked.has('window') ? 'linux' : 'browser' }),
    ClipboardGetText: () => navigator.clipboard.readText(),
    ClipboardSetText: (text: string) =>
      navigator.clipboard.writeText(text).then(
        () => true,
        () => false,
      ),
    BrowserOpenURL: (url: string) => window.open(url, '_blank', 'noopener'),
  },
});
