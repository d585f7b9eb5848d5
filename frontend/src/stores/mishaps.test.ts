import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as api from '../lib/api';
import { Mishaps } from './mishaps';
import { toasts } from './toasts.svelte';

vi.mock('../lib/api', () => ({ complain: vi.fn(() => Promise.resolve()) }));
const complain = vi.mocked(api.complain);

describe('mishaps', () => {
  beforeEach(() => {
    toasts.clear();
    complain.mockClear();
  });

  it('are written down with where they were, and said', () => {
    new Mishaps().note(new Error('no such thing'), 0);
    expect(complain.mock.calls[0]?.[0]).toMatch(/no such thing[^]*mishaps\.test/);
    expect(toasts.list.map(({ problem }) => problem?.message)[0]).toContain('no such thing');
  });

  it('are written down alone where the page says them itself', () => {
    new Mishaps().write(new Error('no such part'), 0);
    expect(complain.mock.calls[0]?.[0]).toContain('no such part');
    expect(toasts.list).toHaveLength(0);
  });

  it('are said once and written down a few times, however many there are', () => {
    const mishaps = new Mishaps();
    for (let n = 0; n < 100; n++) mishaps.note(`mishap ${n}`, n);
    expect(toasts.list).toHaveLength(1);
    expect(complain).toHaveBeenCalledTimes(10);
    toasts.clear();
    mishaps.note('later', 40_000);
    expect(toasts.list).toHaveLength(1);
    expect(complain).toHaveBeenCalledTimes(11);
  });

  it('are heard of wherever nobody caught them', () => {
    const page = new EventTarget();
    new Mishaps().watch(page as Window);
    page.dispatchEvent(Object.assign(new Event('error'), { error: new Error('thrown') }));
    page.dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason: 'rejected' }));
    expect(complain.mock.calls.map(([text]) => text)).toEqual([
      expect.stringContaining('thrown'),
      'rejected',
    ]);
  });
});
