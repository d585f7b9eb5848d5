import { createSubscriber } from 'svelte/reactivity';

const period = 30_000;

/** The time for words like "3 min ago"; it ticks only while somebody reads it. */
class Clock {
  #subscribe = createSubscriber((update) => {
    const timer = setInterval(update, period);
    return () => clearInterval(timer);
  });

  get now(): number {
    this.#subscribe();
    return Date.now();
  }
}

export const clock = new Clock();
