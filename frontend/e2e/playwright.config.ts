import { defineConfig } from '@playwright/test';

const minute = 60_000;

/** build/story runs these against the real program; see README.md, "Tests in a browser". */
export default defineConfig({
  testDir: '.',
  outputDir: '../../build/out/e2e',
  globalSetup: './setup.ts',
  reporter: './reporter.ts',
  workers: 1, // the guests are emulated on the same few processors
  retries: 0,
  timeout: 1.5 * minute,
  globalTimeout: 16 * minute,
  expect: { timeout: 15_000 },
  use: {
    actionTimeout: 15_000,
    viewport: { width: 1280, height: 800 },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    permissions: ['clipboard-read', 'clipboard-write'],
    launchOptions: {
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    },
  },
});
