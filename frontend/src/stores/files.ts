import { imageName } from '../lib/names';
import { addImage, attempt } from './commands';
import { dialogs } from './dialogs.svelte';
import { view } from './view.svelte';

/** Makes images of files: one is looked at first; several are added as they are. */
export async function takeFiles(paths: string[]): Promise<void> {
  const [path] = paths;
  if (!path) return;
  view.show('images');
  if (paths.length === 1) return dialogs.open({ kind: 'addImage', path });
  for (const path of paths) {
    const name = imageName(path) || 'image';
    await attempt(`Add image ${name}`, name, () => addImage({ name, path }));
  }
}
