// Mouse, pen, finger and wheel, as the states of a mouse that Guacamole sends.

import type { MouseState } from 'guacamole-common-js';

/** Where a picture is in the window, and by how much it is enlarged. */
export interface Place {
  left: number;
  top: number;
  scale: number;
  width: number;
  height: number;
}

type Where = Pick<PointerEvent, 'clientX' | 'clientY' | 'buttons'>;

const bit = (buttons: number, mask: number) => (buttons & mask) !== 0;
const within = (value: number, length: number) => Math.max(0, Math.min(length - 1, Math.floor(value)));

/** The state of the guest's mouse for an event, in its own pixels. */
export function stateOf({ clientX, clientY, buttons }: Where, place: Place): MouseState {
  return {
    x: within((clientX - place.left) / place.scale, place.width),
    y: within((clientY - place.top) / place.scale, place.height),
    left: bit(buttons, 1),
    right: bit(buttons, 2),
    middle: bit(buttons, 4),
    up: false,
    down: false,
  };
}

/** How far the wheel turns for one click of it, in pixels. */
const click = 53;
/** Pixels, lines, pages. */
const units = [1, 18, 288];

/** Turns what a wheel or a touchpad scrolls into clicks of a wheel. */
export class Wheel {
  #rest = 0;

  /** How many clicks to send, downwards if positive. */
  turn({ deltaY, deltaMode }: Pick<WheelEvent, 'deltaY' | 'deltaMode'>): number {
    if (deltaY * this.#rest < 0) this.#rest = 0;
    this.#rest += deltaY * (units[deltaMode] ?? 1);
    const clicks = Math.trunc(this.#rest / click);
    this.#rest -= clicks * click;
    return clicks;
  }
}

/** Sends what the pointer does in an element, until the element goes. */
export function sendPointer(
  element: HTMLElement,
  place: () => Place,
  send: (state: MouseState) => void,
): void {
  const wheel = new Wheel();
  /** Of the pointer: a wheel tells its place in whole pixels of the window. */
  let last: MouseState | undefined;
  const move = (event: PointerEvent) => {
    if (event.isPrimary) send((last = stateOf(event, place())));
  };
  const press = (event: PointerEvent) => {
    if (event.type === 'pointerdown') element.setPointerCapture(event.pointerId);
    move(event);
  };
  const turn = (event: WheelEvent) => {
    event.preventDefault();
    const state = last ?? stateOf(event, place());
    const clicks = wheel.turn(event);
    for (let n = 0; n < Math.abs(clicks); n++) {
      send({ ...state, up: clicks < 0, down: clicks > 0 });
      send(state);
    }
  };
  const stop = (event: Event) => event.preventDefault();

  element.addEventListener('pointermove', move);
  element.addEventListener('pointerdown', press);
  element.addEventListener('pointerup', press);
  element.addEventListener('pointercancel', press);
  element.addEventListener('wheel', turn, { passive: false });
  // Neither the browser's menu nor a selection, and the keyboard goes where we say.
  for (const type of ['contextmenu', 'mousedown', 'dragstart']) element.addEventListener(type, stop);
}
