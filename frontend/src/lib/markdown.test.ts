import { expect, test } from 'vitest';
import { linkOf, render } from './markdown';

test.each([
  ['# Web\n\n- [x] up', '<h1>Web</h1>'],
  ['~~old~~', '<del>old</del>'],
  ['| a |\n|---|\n| 1 |', '<table>'],
  ['https://example.org', '<a href="https://example.org">'],
])('%j is rendered', async (text, want) => expect(await render(text)).toContain(want));

test.each([
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '![x](https://example.org/a.png)',
  '![x][y]\n\n[y]: https://example.org/a.png',
  'a <b onclick="alert(1)">b</b>',
  '<iframe src="https://example.org">',
])('%j loads and runs nothing', async (text) =>
  expect(await render(text)).not.toMatch(/<(script|img|b|iframe)\b/),
);

test.each(['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd'])(
  'a link to %s goes nowhere',
  async (url) => expect(await render(`[x](${url})`)).toContain('href=""'),
);

test.each([
  ['https://example.org/a', true],
  ['HTTP://example.org', true],
  ['mailto:ada@example.org', true],
  ['irc://example.org', false],
  ['#user-content-fn-1', false],
  ['nodes/a', false],
  [null, false],
])('%j may be opened: %s', (href, want) => expect(linkOf(href) !== undefined).toBe(want));
