// The byte budget: fails the build when the first visit gets too heavy.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { checkBudget } from './budget-rules.mjs'

const web = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(web, 'dist')
const manifest = JSON.parse(
  readFileSync(join(web, 'node_modules/.cityevents-manifest.json'), 'utf8'),
)
const assets = join(dist, 'assets')
const chunks = readdirSync(assets)
  .filter((name) => name.endsWith('.js'))
  .map((name) => {
    const raw = readFileSync(join(assets, name))
    return { file: `assets/${name}`, raw: raw.length, gzip: gzipSync(raw, { level: 9 }).length }
  })
const fonts = readdirSync(assets)
  .filter((name) => name.endsWith('.woff2'))
  .reduce((sum, name) => sum + statSync(join(assets, name)).size, 0)
const html = readFileSync(join(dist, 'index.html'), 'utf8')

const { problems, report } = checkBudget({ manifest, chunks, fonts, html })
console.log(report)
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
