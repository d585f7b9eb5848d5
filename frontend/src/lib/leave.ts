/**
 * Watches for Ctrl and Alt pressed and released together with no other key, by
 * which the keyboard leaves a console. Any third key makes it a shortcut of the guest's.
 */
export function onLeaveKeys(element: HTMLElement, leave: () => void): () => void {
  let armed = false;
  const down = (event: KeyboardEvent) => {
    if (event.repeat) return;
    armed = isModifier(event) && event.ctrlKey && event.altKey && !event.shiftKey && !event.metaKey;
  };
  // Only after the last release: the guest must see both keys go up.
  const up = (event: KeyboardEvent) => {
    armed &&= isModifier(event);
    if (!armed || isOtherHeld(event)) return;
    armed = false;
    leave();
  };
  const disarm = () => (armed = false);

  element.addEventListener('keydown', down, true);
  element.addEventListener('keyup', up, true);
  addEventListener('blur', disarm);
  return () => {
    element.removeEventListener('keydown', down, true);
    element.removeEventListener('keyup', up, true);
    removeEventListener('blur', disarm);
  };
}

const isModifier = (event: KeyboardEvent) => event.key === 'Control' || event.key === 'Alt';

/** Whether the other of the two is still down; WebKitGTK counts the one that goes up as held. */
const isOtherHeld = ({ key, ctrlKey, altKey }: KeyboardEvent) =>
  (ctrlKey && key !== 'Control') || (altKey && key !== 'Alt');
