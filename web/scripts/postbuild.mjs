// After `vite build`: reads the manifest into dist/assets.json's place (it is only for the budget and not
// shipped), and lays a brotli and a gzip copy beside every file that gains by it.
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const web = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(web, 'dist')
const COMPRESSIBLE = new Set(['.js', '.css', '.html', '.svg', '.json', '.txt', '.webmanifest'])
/** Smaller files cost more in a second lookup than they save. */
const WORTH_BYTES = 512

renameSync(join(dist, '.vite/manifest.json'), join(web, 'node_modules/.cityevents-manifest.json'))
rmSync(join(dist, '.vite'), { recursive: true })

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else yield path
  }
}

let count = 0
for (const path of [...files(dist)]) {
  if (!COMPRESSIBLE.has(extname(path)) || statSync(path).size < WORTH_BYTES) continue
  const raw = readFileSync(path)
  writeFileSync(
    `${path}.br`,
    brotliCompressSync(raw, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
      },
    }),
  )
  writeFileSync(`${path}.gz`, gzipSync(raw, { level: 9 }))
  count++
}
console.log(`compressed ${count} files`)
