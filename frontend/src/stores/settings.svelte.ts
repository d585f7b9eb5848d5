import * as api from '../lib/api';
import { noSettings } from '../lib/gateway';
import type { Check, GatewaySettings, Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';
import { activity } from './activity.svelte';

/** The settings of the gateway: as they are, and as the person is changing them. */
class Settings {
  #saved = $state.raw<GatewaySettings>();
  #draft = $state.raw<GatewaySettings>();
  #checks = $state.raw<Check[]>();
  #problem = $state.raw<Problem>();
  #busy = $state<'' | 'test' | 'save'>('');

  /** Whether the program has told them. */
  get known(): boolean {
    return this.#saved !== undefined;
  }

  get value(): GatewaySettings {
    return this.#draft ?? this.#saved ?? noSettings;
  }

  /** Whether there is something to save: it is kept while other screens are in front. */
  get changed(): boolean {
    return this.#draft !== undefined && JSON.stringify(this.#draft) !== JSON.stringify(this.#saved);
  }

  /** What the last test of these settings found. */
  get checks(): Check[] | undefined {
    return this.#checks;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  get busy(): '' | 'test' | 'save' {
    return this.#busy;
  }

  /** Asks for them. What containers could not be brought up with is left to be changed. */
  async load(): Promise<void> {
    try {
      const { settings, status } = await api.gateway();
      this.#saved = settings;
      const wanted = `${status.mode}` === 'stack' && `${status.state}` === 'failed';
      if (wanted && `${settings.mode}` !== 'stack') this.#draft ??= { ...settings, mode: status.mode };
    } catch (reason) {
      this.#problem = problemOf(reason);
    }
  }

  /** Follows what others change, where it was asked for. */
  follow(): void {
    api.onSettings(() => {
      if (this.known) void this.load();
    });
  }

  edit(change: Partial<GatewaySettings>): void {
    this.#draft = { ...this.value, ...change };
    this.#checks = undefined;
    this.#problem = undefined;
  }

  discard(): void {
    this.edit({});
    this.#draft = undefined;
  }

  test(): Promise<void> {
    const tested = this.value;
    return this.#attempt('test', async () => {
      this.#checks = undefined;
      const checks = await api.testGateway(tested);
      if (tested === this.value) this.#checks = checks;
    });
  }

  save(): Promise<void> {
    const given = this.value;
    return this.#attempt('save', async () => {
      await activity.track('Save the gateway’s settings', () => api.setGateway(given));
      if (given === this.value) this.#draft = undefined;
      await this.load();
    });
  }

  async #attempt(what: 'test' | 'save', request: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = what;
    this.#problem = undefined;
    try {
      await request();
    } catch (reason) {
      this.#problem = problemOf(reason);
    }
    this.#busy = '';
  }
}

export const settings = new Settings();
