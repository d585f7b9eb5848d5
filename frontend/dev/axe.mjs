// Looks with axe-core for what keeps people out, on every screen and state, in both schemes.
// npm run axe -- [screen...]; fails on what is serious or critical. Needs Chromium.

import { createRequire } from 'node:module';
import { enter, screens, stage } from './screens.mjs';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in screens));
if (unknown.length) throw new Error(`no such screen: ${unknown.join(', ')}`);

/** What axe finds on the page, as one line for each place. */
async function look(page) {
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations'] }),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, any }) => `${id} ${target.join(' ')} ${any[0]?.message ?? ''}`),
    );
}

const { browser, close } = await stage();
let found = 0;
for (const colorScheme of ['dark', 'light']) {
  const context = await browser.newContext({
    colorScheme,
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 800 },
  });
  for (const name of wanted.length ? wanted : Object.keys(screens)) {
    const page = await enter(context, name);
    const lines = await look(page);
    found += lines.length;
    for (const line of lines) process.stdout.write(`${name} (${colorScheme}): ${line}\n`);
    await page.close();
  }
  await context.close();
}
await close();
process.stdout.write(found ? `${found} found\n` : 'nothing serious found\n');
process.exitCode = found ? 1 : 0;
