// Where a run happens: what build/story made for it. Everything in it belongs to the
// place's user, so that commands run as that user.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface Place {
  /** The address sandboxlabs serve printed. */
  link: string;
  /** Of libvirt. */
  uri: string;
  program: string;
  /** The tiny image's file. */
  image: string;
  /** Files of a certificate for 127.0.0.1, and of its key. */
  cert: string;
  key: string;
  /** Folder of everything. */
  dir: string;
  /** What a command of the place's user begins with. */
  prefix: string[];
}

export const place = JSON.parse(process.env.SANDBOXLABS_PLACE ?? '{}') as Place;

const execute = promisify(execFile);

/** Runs a command as the place's user and gives what it says. */
export async function run(command: string, ...args: string[]): Promise<string> {
  const [first = 'env', ...rest] = [...place.prefix, command, ...args];
  const { stdout } = await execute(first, rest, { cwd: place.dir, maxBuffer: 1 << 26 });
  return stdout.trim();
}

// Another libvirt of this machine may just have taken the port that a display was to have.
const portTaken = /Failed to find an available port/;

export async function virsh(...args: string[]): Promise<string> {
  for (let tries = 5; ; tries--) {
    try {
      return await run('virsh', '-q', '-c', place.uri, ...args);
    } catch (reason) {
      if (args[0] !== 'start' || tries === 0 || !portTaken.test(String(reason))) throw reason;
    }
  }
}
