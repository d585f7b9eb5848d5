// Pictures of every screen and state, from the fake backend, to look at.
// npm run shots -- [folder [shot...]] [--text 100|125|200]; needs Chromium.

import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { enter, screens, stage } from './screens.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { text: { type: 'string', default: '100' } },
});
const [folder = '../build/out/screenshots/page', ...wanted] = positionals;
mkdirSync(folder, { recursive: true });

const sizes = [
  [1280, 800],
  [1024, 640],
  [2560, 1440],
];
const text = values.text === '100' ? '' : `-text${values.text}`;
const { browser, close } = await stage(Number(values.text));
for (const colorScheme of ['dark', 'light']) {
  for (const [width, height] of sizes) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height } });
    for (const name of Object.keys(screens)) {
      if (wanted.length && !wanted.includes(name)) continue;
      const page = await enter(context, name);
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}${text}.png` });
      await page.close();
    }
    await context.close();
  }
}
await close();
