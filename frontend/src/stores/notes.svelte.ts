import { SvelteMap } from 'svelte/reactivity';
import { isSettled } from '../lib/actions';
import * as api from '../lib/api';
import type { Node, Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';
import { lab } from './lab.svelte';
import { preferences } from './preferences.svelte';

/** From the last key until what was typed is saved, in milliseconds. */
const patience = 1_000;

/** As many as the program takes, in bytes of UTF-8. */
export const mostBytes = 8 << 10;

export const bytesOf = (text: string) => new TextEncoder().encode(text).length;

/** What a person wrote of a node. */
interface Draft {
  text: string;
  /** What the program had when it began, and what it was sent since: no other's. */
  own: readonly string[];
  phase: 'typing' | 'saving' | 'saved' | 'failed';
  problem?: Problem;
}

export type NotesState = Draft['phase'] | 'long' | 'conflict';

type Save = (id: string, notes: string) => Promise<unknown>;

/** What outlives the page: a value for each name; an empty one is none. */
interface Kept {
  get(key: string): string;
  set(key: string, value: string): void;
}

/** As long as what is kept may be, in bytes of UTF-8. */
const mostKept = 16_000;

/** Where the draft of a node is kept, and what it began as. */
const keptAs = (id: string) => [`notes.${id}`, `notes.${id}.of`] as const;

/** The notes of nodes as they are typed. Nothing typed is lost: a draft goes only once it is saved. */
export class Notes {
  #drafts = new SvelteMap<string, Draft>();
  #timers: Record<string, ReturnType<typeof setTimeout>> = {};
  #save: Save;
  #settled: (id: string) => Promise<unknown>;
  #online: () => boolean;
  #kept: Kept;

  constructor(
    save: Save = (id, notes) => api.set(id, { notes }),
    settled: (id: string) => Promise<unknown> = (id) => lab.until(id, isSettled),
    online = () => lab.online,
    kept: Kept = preferences,
  ) {
    this.#save = save;
    this.#settled = settled;
    this.#online = online;
    this.#kept = kept;
  }

  text({ id, notes = '' }: Node): string {
    return this.#draft(id, notes)?.text ?? notes;
  }

  /** What another wrote while there was something to save; undefined if nobody did. */
  theirs({ id, notes = '' }: Node): string | undefined {
    const draft = this.#draft(id, notes);
    return !draft || draft.text === notes || draft.own.includes(notes) ? undefined : notes;
  }

  state(node: Node): NotesState {
    const draft = this.#draft(node.id, node.notes ?? '');
    if (!draft || draft.phase === 'saved') return 'saved';
    if (this.theirs(node) !== undefined) return 'conflict';
    return bytesOf(draft.text) > mostBytes ? 'long' : draft.phase;
  }

  /** Why they could not be saved. */
  problem(id: string): Problem | undefined {
    return this.#drafts.get(id)?.problem;
  }

  edit(node: Node, text: string): void {
    const { id, notes = '' } = node;
    const draft = this.#draft(id, notes);
    const own = draft ? more(draft.own, draft.text) : [notes];
    this.#drafts.set(id, { text, own, phase: draft?.phase === 'saving' ? 'saving' : 'typing' });
    this.#saveLater(node);
  }

  /** Whether there is something that is not saved. */
  get unsaved(): boolean {
    return [...this.#drafts.values()].some(({ phase }) => phase !== 'saved');
  }

  /** Saves what was typed while that could not be, before the program was closed too. */
  saveAll(nodes: Node[]): void {
    for (const node of nodes) {
      this.#recall(node.id);
      void this.save(node);
    }
  }

  /** Saves what is typed now, unless another wrote meanwhile: that is for the person to decide. */
  async save(node: Node): Promise<void> {
    const { id } = node;
    clearTimeout(this.#timers[id]);
    if (!['typing', 'failed'].includes(this.state(node))) return;
    if (!this.#online()) return this.#keep(node);
    const text = this.text(node);
    this.#change(id, ({ own }) => ({ text, own: more(own, text), phase: 'saving' }));
    try {
      await this.#save(id, text);
      this.#saved(node, text);
    } catch (reason) {
      this.#failed(node, problemOf(reason));
    }
  }

  /** Lets what is typed win over what another wrote. */
  keepMine(node: Node): void {
    this.#know(node);
    void this.save(node);
  }

  /** Lets what another wrote win. */
  takeTheirs({ id }: Node): void {
    clearTimeout(this.#timers[id]);
    this.#drafts.delete(id);
    this.#forget(id);
  }

  /** Puts what another wrote below what is typed. */
  keepBoth(node: Node): void {
    const both = `${this.text(node).trimEnd()}\n\n${node.notes ?? ''}`;
    this.#know(node);
    this.edit(node, both);
  }

  /** The draft that counts: one that is saved gives way to what another wrote after it. */
  #draft(id: string, notes: string): Draft | undefined {
    const draft = this.#drafts.get(id);
    return draft?.phase === 'saved' && !draft.own.includes(notes) ? undefined : draft;
  }

  #know({ id, notes = '' }: Node): void {
    this.#change(id, (draft) => ({ ...draft, own: more(draft.own, notes) }));
  }

  #saveLater(node: Node): void {
    clearTimeout(this.#timers[node.id]);
    const save = () => void this.save(lab.node(node.id) ?? node);
    this.#timers[node.id] = setTimeout(save, patience);
  }

  /** More may have been typed while this was on its way. */
  #saved(node: Node, text: string): void {
    const done = this.#drafts.get(node.id)?.text === text;
    this.#change(node.id, (draft) => ({ ...draft, phase: done ? 'saved' : 'typing' }));
    if (done) this.#forget(node.id);
    else this.#saveLater(node);
  }

  #failed(node: Node, problem: Problem): void {
    this.#change(node.id, (draft) => ({ ...draft, phase: 'failed', problem }));
    this.#keep(node);
    // A node in change takes them once it is through.
    if (problem.kind === 'busy') void this.#settled(node.id).then(() => this.#saveLater(node));
  }

  /** Keeps a draft, should the program be closed before it can be saved. */
  #keep({ id, notes = '' }: Node): void {
    const draft = this.#drafts.get(id);
    if (!draft || bytesOf(draft.text) > mostKept) return;
    const [text, of] = keptAs(id);
    this.#kept.set(text, `=${draft.text}`);
    this.#kept.set(of, `=${notes}`);
  }

  #recall(id: string): void {
    const [text, of] = keptAs(id).map((key) => this.#kept.get(key));
    if (!text || this.#drafts.has(id)) return;
    this.#drafts.set(id, { text: text.slice(1), own: [of?.slice(1) ?? ''], phase: 'typing' });
  }

  #forget(id: string): void {
    for (const key of keptAs(id)) this.#kept.set(key, '');
  }

  #change(id: string, change: (draft: Draft) => Draft): void {
    const draft = this.#drafts.get(id);
    if (draft) this.#drafts.set(id, change(draft));
  }
}

const more = (known: readonly string[], text: string) => (known.includes(text) ? known : [...known, text]);

export const notes = new Notes();
