import { expect, test } from 'vitest';
import { stateOf, Wheel } from './pointer';

const place = { left: 10.5, top: 20, scale: 0.8, width: 640, height: 480 };
const at = (clientX: number, clientY: number, buttons = 0) => ({ clientX, clientY, buttons });

test('a place in the window is one in the guest', () => {
  expect(stateOf(at(10.5, 20), place)).toMatchObject({ x: 0, y: 0 });
  expect(stateOf(at(266.5, 212), place)).toMatchObject({ x: 320, y: 240 });
});

test('beside the picture it is at its edge', () => {
  expect(stateOf(at(0, 0), place)).toMatchObject({ x: 0, y: 0 });
  expect(stateOf(at(2000, 2000), place)).toMatchObject({ x: 639, y: 479 });
});

test.each([
  [1, { left: true, middle: false, right: false }],
  [2, { left: false, middle: false, right: true }],
  [5, { left: true, middle: true, right: false }],
])('buttons %i', (buttons, want) => expect(stateOf(at(20, 30, buttons), place)).toMatchObject(want));

test('a wheel turns by clicks, a touchpad collects for one', () => {
  const wheel = new Wheel();
  expect(wheel.turn({ deltaY: 120, deltaMode: 0 })).toBe(2);
  expect(new Wheel().turn({ deltaY: -3, deltaMode: 1 })).toBe(-1);
  const pad = new Wheel();
  expect([20, 20, 20].map((deltaY) => pad.turn({ deltaY, deltaMode: 0 }))).toEqual([0, 0, 1]);
  expect(pad.turn({ deltaY: -53, deltaMode: 0 })).toBe(-1);
});
