// What there is to be set, as it is shown: the program says what a value may be.

import type { Setting } from './lab';

/** One row of the page of settings. */
export interface SettingLine {
  /** As the program names it, and the file. */
  key: string;
  label: string;
  about: string;
  /** Of a number, behind it. */
  unit?: string;
  /** What stands in an empty field. */
  empty?: string;
  /** The choices in words. */
  names?: Record<string, string>;
}

export interface SettingSection {
  id: string;
  title: string;
  lines: SettingLine[];
}

export const sections: SettingSection[] = [
  {
    id: 'nodes',
    title: 'New nodes',
    lines: [
      {
        key: 'node.vcpus',
        label: 'Processors',
        about: 'vCPUs of a node whose image says nothing of them.',
        unit: 'vCPUs',
      },
      {
        key: 'node.memory_mib',
        label: 'Memory',
        about: 'Of a node whose image says nothing of it.',
        unit: 'MiB',
      },
      {
        key: 'first_boot.user',
        label: 'Account',
        about: 'Made by cloud-init at the first boot, where the image runs it.',
        empty: 'The image’s own',
      },
      {
        key: 'first_boot.ssh_keys',
        label: 'SSH keys',
        about: 'That may log in: auto for all of ~/.ssh, files that end in .pub, or keys. One a line.',
        empty: 'No keys',
      },
    ],
  },
  {
    id: 'work',
    title: 'Running',
    lines: [
      {
        key: 'node.stop_seconds',
        label: 'Time to stop',
        about:
          'From the press of the power button to the pulled plug, for nodes without a limit of their own.',
        unit: /* @wc-include */ 'seconds',
      },
      {
        key: 'bulk.limit',
        label: 'Nodes at once',
        about: 'How many are started, stopped or wiped at the same time.',
        unit: /* @wc-include */ 'nodes',
      },
      {
        key: 'emulation',
        label: 'Virtualization',
        about: 'Emulation runs anywhere, and is much slower than KVM.',
        names: { auto: 'KVM where it works', kvm: 'Always KVM', tcg: 'Always emulation' },
      },
      {
        key: 'console.transport',
        label: 'Consoles open by',
        about: 'Each console can still be switched by itself.',
        names: { auto: 'Guacamole, if it is ready', direct: 'VNC, directly', guacamole: 'Guacamole' },
      },
    ],
  },
  {
    id: 'undo',
    title: 'Undo',
    lines: [
      {
        key: 'undo.hours',
        label: 'Keep for',
        about:
          'How long wiped and deleted disks can come back. After a shorter time is set, you have a minute to change your mind.',
        unit: /* @wc-include */ 'hours',
      },
      {
        key: 'undo.gib',
        label: 'Keep at most',
        about: 'What all of them may take together; the oldest go first.',
        unit: 'GiB',
      },
    ],
  },
  {
    id: 'desktop',
    title: 'Desktop',
    lines: [
      {
        key: 'desktop.close',
        label: 'Closing the window',
        about: 'Nodes go on running in any case.',
        names: {
          auto: 'Hides it where there is a tray',
          hide: 'Hides it',
          quit: 'Ends SandBoxLabs',
          ask: 'Asks each time',
        },
      },
      {
        key: 'desktop.tray',
        label: 'Icon in the tray',
        about: 'To see and to start nodes with the window closed, where the desktop has a tray.',
      },
      {
        key: 'desktop.language',
        label: 'Language',
        about: 'Of this page, the tray and notifications. The page begins anew.',
        names: { auto: 'As the desktop', en: /* @wc-ignore */ 'English', de: /* @wc-ignore */ 'Deutsch' },
      },
      {
        key: 'desktop.scheme',
        label: 'Colours',
        about: 'Of this page, wherever it is open, and of the window.',
        names: { auto: 'As the desktop', dark: 'Dark', light: 'Light' },
      },
      {
        key: 'desktop.notices',
        label: 'Notifications',
        about: 'Only while the window is not in front.',
        names: {
          stopped: 'A node stopped by itself, or failed',
          images: 'An image is ready, or failed',
          wipes: 'A wipe is done, with its undo',
          disk: 'The disk is nearly full',
        },
      },
    ],
  },
  {
    id: 'connection',
    title: 'Connection',
    lines: [
      {
        key: 'connect',
        label: 'libvirt',
        about: 'Whose machines these are: yours alone, the system’s, or those of another host.',
        empty: 'qemu+ssh://host/system',
        names: {
          '': 'As fits the user',
          'qemu:///session': 'Yours: qemu:///session',
          'qemu:///system': 'The system’s: qemu:///system',
        },
      },
      { key: 'pool.name', label: 'Pool', about: 'Of libvirt, in which images and disks are.' },
      {
        key: 'pool.path',
        label: 'Folder of the pool',
        about: 'Absolute. What is in the old one stays there.',
        empty: 'The usual one',
      },
      {
        key: 'serve.listen',
        label: 'Address for a browser',
        about: 'Of sandboxlabs serve; on this computer alone.',
      },
    ],
  },
];

/** Of the log, which has a section with more in it. */
export const logLevel: SettingLine = {
  key: 'log_level',
  label: 'Detail of the log',
  about: 'Debug is for finding out what goes wrong. There is never a password in it.',
  names: { debug: 'Debug', info: 'Usual', warn: 'Warnings and errors', error: 'Errors alone' },
};

/** What is wrong with a value before the program is asked; empty if nothing is seen. */
export function settingFault({ kind, min, max }: Setting, value: string): string {
  if (`${kind}` !== 'number') return '';
  const given = value.trim() === '' ? NaN : Number(value);
  return Number.isInteger(given) && given >= min && given <= max ? '' : `Choose ${min} to ${max}.`;
}

/** The words of a list, as the program writes them. */
export const wordsOf = (value: string): string[] => value.split('\n').filter(Boolean);

/** A list with one of its choices taken or left, in the order of the choices. */
export function toggled({ choices = [], value }: Setting, choice: string, on: boolean): string {
  const chosen = wordsOf(value);
  return choices.filter((it) => (it === choice ? on : chosen.includes(it))).join('\n');
}

/** Whether a row is what somebody looks for: each word is found somewhere in it. */
export function sought({ key, label, about }: SettingLine, query: string): boolean {
  const text = `${key} ${label} ${about}`.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
