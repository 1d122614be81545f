import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OPS_PORT, PORT } from './ports'

const binary = process.env.CITYEVENTS_BINARY ?? '../target/debug/cityevents'
const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name)

/**
 * A server of its own for the run: an empty data directory, the sample city, imported files. `E2E_IMPORT`
 * names more files to import, with spaces between. Answers with what stops it again.
 */
export default async function setup() {
  const given = process.env.CITYEVENTS_URL
  if (given) return undefined
  const data = mkdtempSync(join(tmpdir(), 'cityevents-e2e-'))
  const env = {
    ...process.env,
    CITYEVENTS__MODE: 'dev',
    CITYEVENTS__LOG__LEVEL: 'warn',
    CITYEVENTS__HTTP__PUBLIC_URL: `http://localhost:${PORT}`,
    CITYEVENTS__LIMITS__ENABLED: 'false',
  }
  const run = (...args: string[]) => {
    const { status, stderr, error } = spawnSync(binary, ['--data-dir', data, ...args], {
      env,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`cityevents ${args.join(' ')}: ${error?.message ?? stderr}`)
  }
  run('dev', 'sample')
  run('import', '--shift-dates', '--city', 'Madrid', fixture('agenda.csv'))
  run('import', '--shift-dates', '--timezone', 'America/Toronto', fixture('festivals.jsonld'))
  const more = process.env.E2E_IMPORT?.split(' ').filter(Boolean) ?? []
  for (const file of more) run('import', '--shift-dates', file)

  const log = join(data, 'server.log')
  const out = openSync(log, 'w')
  const server = spawn(
    binary,
    ['--data-dir', data, 'serve']
      .concat('--listen', `127.0.0.1:${PORT}`)
      .concat('--ops-listen', `127.0.0.1:${OPS_PORT}`),
    { env, stdio: ['ignore', out, out] },
  )
  closeSync(out)
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const stop = async () => {
    server.kill('SIGTERM')
    await ended
  }
  try {
    await ready(() => server.exitCode !== null || server.signalCode !== null)
  } catch (error) {
    await stop()
    throw new Error(readFileSync(log, 'utf8'), { cause: error })
  }
  return async () => {
    await stop()
    rmSync(data, { recursive: true, force: true })
  }
}

async function ready(ended: () => boolean) {
  const deadline = Date.now() + 60_000
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${OPS_PORT}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    if (ended()) throw new Error('the server ended before it was ready')
    if (Date.now() > deadline) throw new Error('the server did not become ready')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
