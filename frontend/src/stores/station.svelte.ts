import { SvelteSet } from 'svelte/reactivity';
import * as api from '../lib/api';
import type { Console } from '../lib/console';
import { count } from '../lib/format';
import { modifiers, strike, type Chord, type Key, type Modifier } from '../lib/keys';
import { plan } from '../lib/layouts';
import type { Node } from '../lib/lab';
import { problemOf } from '../lib/problem';
import { record, recordingHindrance, type Recording } from '../lib/recorder';
import { scales, type Scale } from '../lib/scale';
import { longestText } from '../lib/screen';
import { clipboardHindrance, copyPicture, fileName, pngOf } from '../lib/snapshot';
import { layoutOf, paces, type, typingFault } from '../lib/typing';
import { preferences } from './preferences.svelte';
import { toasts } from './toasts.svelte';
import { workspace, type Device } from './workspace.svelte';

/** As fast as the guests of this machine take it; slowly where that is not known. */
const pace = async (): Promise<number> => {
  const fast = await api.host().then(
    ({ accelerated }) => accelerated,
    () => false,
  );
  return fast ? paces.accelerated : paces.emulated;
};

/** What a person does with one console beside typing in it. */
export class Station {
  #node: () => Node;
  #held = new SvelteSet<Modifier>();
  #typed = $state.raw<{ done: number; all: number }>();
  #doubtful = $state.raw<string>();
  #stopped = false;
  #recording?: Recording;
  console = $state.raw<Console>();

  constructor(node: () => Node) {
    this.#node = node;
  }

  get device(): Device {
    return workspace.device(this.#node().id);
  }

  set device(device: Device) {
    workspace.turn(this.#node().id, device);
  }

  get scale(): Scale {
    const kept = preferences.get(`console.scale.${this.#node().id}`);
    return scales.find((it) => it === kept) ?? 'fit';
  }

  set scale(scale: Scale) {
    preferences.set(`console.scale.${this.#node().id}`, scale === 'fit' ? '' : scale);
  }

  /** Sends a key here, and to all that get what is typed here. */
  press = (key: Key, down: boolean): void => {
    this.console?.press(key, down);
    workspace.pass(key, down);
  };

  send({ keys }: Chord): void {
    strike(keys, this.press);
    this.console?.focus();
  }

  /** Modifiers that stay down until they are released. */
  get held(): ReadonlySet<Modifier> {
    return this.#held;
  }

  hold(modifier: Modifier): void {
    const down = !this.#held.delete(modifier);
    if (down) this.#held.add(modifier);
    this.press(modifiers[modifier], down);
  }

  releaseHeld(): void {
    for (const modifier of [...this.#held]) this.hold(modifier);
  }

  /** How far the typing of a text has come. */
  get typed() {
    return this.#typed;
  }

  /** A text that can not be typed as it is, or one yet to be given. */
  get doubtful(): string | undefined {
    return this.#doubtful;
  }

  get layout(): string {
    return layoutOf(this.#node().keymap);
  }

  async typeClipboard(): Promise<void> {
    const text = await api.readClipboard().catch(() => undefined);
    if (text && !typingFault(text, this.layout)) await this.type(text);
    else this.#doubtful = text ?? '';
  }

  dismiss(): void {
    this.#doubtful = undefined;
  }

  /** Says that a text was too long to paste: the guest keeps what it had in its clipboard. */
  refuse(length: number): void {
    const { id, name } = this.#node();
    const message = `The text has ${count(length)} characters. At most ${count(longestText)} can be pasted into a guest.`;
    toasts.fail(`Could not paste into ${name}`, { kind: 'invalid', message }, id);
  }

  /** Types what can be typed of a text. */
  async type(text: string): Promise<void> {
    this.dismiss();
    if (this.#typed) return;
    const { strokes } = plan(text, this.layout);
    this.#stopped = false;
    this.#typed = { done: 0, all: strokes.length };
    this.console?.focus();
    const over = () => this.#stopped || !this.console?.connected;
    await type(
      strokes,
      this.press,
      await pace(),
      over,
      (done) => (this.#typed = { done, all: strokes.length }),
    );
    this.#typed = undefined;
  }

  stopTyping(): void {
    this.#stopped = true;
  }

  async shoot(): Promise<void> {
    const canvas = this.console?.canvas();
    if (canvas) await this.#keep('png', pngOf(canvas));
  }

  get copyHindrance(): string {
    return clipboardHindrance();
  }

  async copyPicture(): Promise<void> {
    const canvas = this.console?.canvas();
    const { name, id } = this.#node();
    if (!canvas) return;
    try {
      await copyPicture(canvas);
      toasts.done({ subject: id, title: `Copied the picture of ${name}` });
    } catch (reason) {
      toasts.fail(`Could not copy the picture of ${name}`, problemOf(reason), id);
    }
  }

  get recordHindrance(): string {
    return recordingHindrance();
  }

  toggleRecording(): void {
    if (this.#recording) this.stopRecording();
    else this.#record();
  }

  /** Ends a recording, if there is one; it is saved. */
  stopRecording(): void {
    this.#recording?.stop();
  }

  #record(): void {
    const { id, name } = this.#node();
    try {
      this.#recording = record(
        () => this.console?.canvas(),
        (film, why) => {
          this.#recording = undefined;
          workspace.record(id);
          if (film.size) void this.#keep('webm', Promise.resolve(film), why, name);
          else
            toasts.fail(
              `Nothing of ${name} was recorded`,
              problemOf(why || 'The recorder gave nothing.'),
              id,
            );
        },
      );
      workspace.record(id, Date.now());
    } catch (reason) {
      toasts.fail(`Could not record ${name}`, problemOf(reason), id);
    }
  }

  async #keep(kind: 'png' | 'webm', content: Promise<Blob>, why = '', name = this.#node().name) {
    try {
      const path = await api.keep(fileName(name, kind), await content);
      const copied = path.includes('/') ? path : undefined;
      toasts.done({
        subject: kind + name,
        title: kind === 'png' ? `Kept the picture of ${name}` : `Kept the recording of ${name}`,
        detail: `${why} ${path}`.trim(),
        copied,
      });
    } catch (reason) {
      const title =
        kind === 'png' ? `Could not keep the picture of ${name}` : `Could not keep the recording of ${name}`;
      toasts.fail(title, problemOf(reason), kind + name);
    }
  }
}
