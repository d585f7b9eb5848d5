// What a guest says on its serial port: the truth about what reached it.

import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { virsh } from './place';

/** How long a guest may take to its prompt, on a machine that does much else. */
export const bootLimit = 60_000;

export class Guest {
  #said = '';
  #open = true;

  private constructor(
    readonly name: string,
    private readonly port: FileHandle,
  ) {
    void this.#listen();
  }

  /** Listens to the serial port of a running node, which nobody else must read meanwhile. */
  static async listen(name: string): Promise<Guest> {
    const path = await virsh('ttyconsole', name);
    return new Guest(name, await open(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
  }

  /** Waits for a text, and gives what was said until its end; that is forgotten then. */
  async hear(text: string, limit = 20_000): Promise<string> {
    const end = Date.now() + limit;
    for (;;) {
      const at = this.#said.indexOf(text);
      if (at >= 0) {
        const heard = this.#said.slice(0, at + text.length);
        this.#said = this.#said.slice(heard.length);
        return heard;
      }
      if (Date.now() > end)
        throw new Error(
          `waited ${limit} ms in vain for ${JSON.stringify(text)} of ${this.name}; it said ${JSON.stringify(this.#said.slice(-2000))}`,
        );
      await pause(30);
    }
  }

  /** Types at the shell of the serial port. */
  async type(line: string): Promise<void> {
    await this.port.write(`${line}\r`);
  }

  async prompt(): Promise<void> {
    await this.hear('~# ', bootLimit);
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.port.close().catch(() => undefined); // its other end may be gone
  }

  async #listen(): Promise<void> {
    const chunk = Buffer.alloc(65536);
    while (this.#open) {
      const read = await this.port.read(chunk, 0, chunk.length).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EAGAIN') this.#open = false; // the domain went
      });
      if (read?.bytesRead) this.#said += chunk.toString('utf8', 0, read.bytesRead);
      else await pause(30);
    }
  }
}
