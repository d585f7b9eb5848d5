import type { Hardware } from '../lib/hardware';
import type { CreateInput } from '../lib/lab';
import { preferences } from './preferences.svelte';

/** Of how many images it is known what their nodes got last. */
const length = 40;

type Kept = Record<string, [vcpus: number, memoryMiB: number]>;

function kept(): Kept {
  try {
    return JSON.parse(preferences.get('create.hardware') || '{}') as Kept;
  } catch {
    return {}; // what a later version wrote, say: then there is nothing to suggest
  }
}

/** What was chosen for new nodes last. */
export const choices = {
  get image(): string {
    return preferences.get('create.image');
  },

  get start(): boolean {
    return preferences.get('create.start') !== 'no';
  },

  /** What the settings say of an image that says nothing. */
  get usual(): Hardware {
    const number = (key: string, otherwise: number) => Number(preferences.get(key)) || otherwise;
    return { vcpus: number('node.vcpus', 1), memoryMiB: number('node.memory_mib', 512) };
  },

  hardware(image: string): Hardware | undefined {
    const [vcpus, memoryMiB] = kept()[image] ?? [];
    return vcpus && memoryMiB ? { vcpus, memoryMiB } : undefined;
  },

  remember({ image, start, vcpus, memoryMiB }: CreateInput): void {
    preferences.set('create.image', image);
    preferences.set('create.start', start ? 'yes' : 'no');
    const others = Object.entries(kept()).filter(([name]) => name !== image);
    const all = [...others, [image, [vcpus, memoryMiB]]].slice(-length);
    preferences.set('create.hardware', JSON.stringify(Object.fromEntries(all)));
  },
};
