// What can be set of a node's console: parameters of its connection in
// Guacamole, the layout of its keyboard, and whether it shares the clipboard.

import type { Node, SetInput } from './lab';

/** As a dialog edits it. Empty texts are the default. */
interface ConsoleSettings {
  keymap: string;
  clipboard: boolean;
  depth: string;
  readOnly: boolean;
  noCopy: boolean;
  noPaste: boolean;
  follow: boolean;
  lossless: boolean;
  recording: string;
}

/** Which parameter says each, and the one value by which it does. */
const switches = {
  readOnly: ['read-only', 'true'],
  noCopy: ['disable-copy', 'true'],
  noPaste: ['disable-paste', 'true'],
  follow: ['disable-display-resize', 'false'],
  lossless: ['force-lossless', 'true'],
} as const;

const texts = { depth: 'color-depth', recording: 'recording-name' } as const;

type Switch = keyof typeof switches;
type Text = keyof typeof texts;

export function settingsOf({ keymap = '', clipboard = false, guacamole = {} }: Node): ConsoleSettings {
  const on = (name: Switch) => guacamole[switches[name][0]] === switches[name][1];
  const text = (name: Text) => guacamole[texts[name]] ?? '';
  return {
    keymap,
    clipboard,
    depth: text('depth'),
    readOnly: on('readOnly'),
    noCopy: on('noCopy'),
    noPaste: on('noPaste'),
    follow: on('follow'),
    lossless: on('lossless'),
    recording: text('recording'),
  };
}

/** What is to be set: parameters that the dialog does not know stay as they are. */
export function inputOf(node: Node, settings: ConsoleSettings): SetInput {
  const wanted = { ...node.guacamole };
  for (const name of Object.keys(switches) as Switch[])
    wanted[switches[name][0]] = settings[name] ? switches[name][1] : '';
  for (const name of Object.keys(texts) as Text[]) wanted[texts[name]] = settings[name].trim();
  const guacamole = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ''));
  const { keymap, clipboard } = settings;
  return { keymap, clipboard, guacamole };
}

const token = String.raw`\$\{GUAC_(?:DATE|TIME)\}`;
const namePattern = new RegExp(`^(?:[A-Za-z0-9_-]|${token})(?:[A-Za-z0-9._-]|${token}){0,80}$`);

/** What is wrong with the name of a recording; empty if nothing is. */
export const recordingFault = (name: string): string =>
  name.trim() === '' || namePattern.test(name.trim())
    ? ''
    : 'Use letters, digits, dots, underscores, hyphens, ${GUAC_DATE} and ${GUAC_TIME}.';

export const depths: [value: string, label: string][] = [
  ['', 'Automatic'],
  ['8', '8 bits, 256 colours'],
  ['16', '16 bits'],
  ['24', '24 bits'],
  ['32', '32 bits'],
];

/** Some of QEMU's keymaps. */
export const keymaps: [value: string, label: string][] = [
  ['', 'Automatic'],
  ['en-us', 'English (US)'],
  ['en-gb', 'English (UK)'],
  ['da', 'Danish'],
  ['de', 'German'],
  ['de-ch', 'German (Switzerland)'],
  ['es', 'Spanish'],
  ['fi', 'Finnish'],
  ['fr', 'French'],
  ['fr-be', 'French (Belgium)'],
  ['fr-ch', 'French (Switzerland)'],
  ['hu', 'Hungarian'],
  ['it', 'Italian'],
  ['ja', 'Japanese'],
  ['no', 'Norwegian'],
  ['pl', 'Polish'],
  ['pt', 'Portuguese'],
  ['pt-br', 'Portuguese (Brazil)'],
  ['ru', 'Russian'],
  ['sv', 'Swedish'],
  ['tr', 'Turkish'],
];
