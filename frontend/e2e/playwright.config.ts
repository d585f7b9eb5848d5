import { defineConfig } from '@playwright/test';
import { existsSync } from 'node:fs';

const minute = 60_000;

// Chromium's page without its browser around it, for half the processor time. build/story plays
// in the whole of Chromium.
const shell = '/usr/bin/chromium-headless-shell';
const chromium = existsSync(shell) ? shell : '/usr/bin/chromium';

/** build/story runs these against the real program; see README.md, "Tests in a browser". */
export default defineConfig({
  testDir: '.',
  outputDir: '../../build/out/e2e',
  globalSetup: './setup.ts',
  reporter: './reporter.ts',
  workers: 1, // the guests are emulated on the same few processors
  retries: 0,
  timeout: 1.5 * minute,
  globalTimeout: 20 * minute, // they took 18 beside the other tests on a slow machine
  expect: { timeout: 15_000 },
  use: {
    actionTimeout: 15_000,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    trace: process.env.CI ? 'off' : 'retain-on-failure', // a third of the processor time
    screenshot: 'only-on-failure',
    permissions: ['clipboard-read', 'clipboard-write'],
    launchOptions: {
      executablePath: process.env.CHROMIUM || chromium,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    },
  },
});
