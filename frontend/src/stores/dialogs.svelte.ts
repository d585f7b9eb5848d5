import type { Closing, Image, Node } from '../lib/lab';

export type NodeDialog = 'consoleSettings' | 'clone' | 'publish' | 'forget' | 'forceOff';

export type ImageDialog = 'removeImage' | 'renameImage' | 'growImage';

export type Dialog =
  | { kind: 'create'; image?: string }
  | { kind: 'addImage'; path?: string }
  | { kind: 'palette' | 'shortcuts' | 'prune' }
  | { kind: 'closing'; closing: Closing }
  | { kind: ImageDialog; image: Image }
  | { kind: NodeDialog; node: Node };

/** The dialog that is open, if one is: never two. */
class Dialogs {
  #current = $state.raw<Dialog>();

  get current(): Dialog | undefined {
    return this.#current;
  }

  open(dialog: Dialog): void {
    this.#current = dialog;
  }

  close(): void {
    this.#current = undefined;
  }
}

export const dialogs = new Dialogs();
