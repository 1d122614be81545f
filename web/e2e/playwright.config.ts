import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from '@playwright/test'

// Runs against CITYEVENTS_URL, or starts CITYEVENTS_BINARY in dev mode on a data directory of its own.
const given = process.env.CITYEVENTS_URL
const port = process.env.CITYEVENTS_E2E_PORT ?? '5298'
const url = given ?? `http://127.0.0.1:${port}`
const binary = process.env.CITYEVENTS_BINARY ?? '../target/debug/cityevents'

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  workers: 1,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    baseURL: url,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width: 1280, height: 860 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  webServer: given
    ? undefined
    : {
        command: [
          binary,
          'serve',
          `--listen 127.0.0.1:${port}`,
          '--ops-listen 127.0.0.1:0',
          `--data-dir ${process.env.CITYEVENTS_E2E_DATA ?? mkdtempSync(join(tmpdir(), 'cityevents-e2e-'))}`,
        ].join(' '),
        url: `${url}/readyz`,
        timeout: 120_000,
        env: { CITYEVENTS__MODE: 'dev' },
        gracefulShutdown: { signal: 'SIGTERM', timeout: 20_000 },
      },
})
