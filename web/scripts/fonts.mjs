// Cuts the web fonts down to what the interface sets: one display cut of Bricolage Grotesque and the
// text weights of Figtree, each as a Latin file and a Latin Extended-A file that loads only when a
// name needs it. Sources are the fontsource packages; the results are committed (SIL OFL 1.1).
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import subsetFont from 'subset-font'

const LIMIT_BYTES = 60_000
const require = createRequire(import.meta.url)
const here = dirname(fileURLToPath(import.meta.url))
const target = join(here, '../src/ui/fonts')

const range = (from, to) =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i)).join('')
const LATIN = range(0x20, 0x7e) + range(0xa0, 0xff) + 'ıŒœŸ–—‘’‚“”„†•…‹›€™−→←↑×′″\u2009\u202f'
// The dotless i is in the packages’ Latin files.
const EXTENDED = range(0x100, 0x130) + range(0x132, 0x17f) + 'ȘșȚțẞ'

const FONTS = [
  {
    pkg: '@fontsource-variable/bricolage-grotesque',
    file: (set) => `files/bricolage-grotesque-${set}-opsz-normal.woff2`,
    axes: { opsz: 72, wght: 760 },
    name: 'bricolage',
  },
  {
    pkg: '@fontsource-variable/figtree',
    file: (set) => `files/figtree-${set}-wght-normal.woff2`,
    axes: { wght: { min: 400, max: 700 } },
    name: 'figtree',
  },
]

let total = 0
for (const font of FONTS) {
  const root = dirname(require.resolve(`${font.pkg}/package.json`))
  for (const [set, text] of [
    ['latin', LATIN],
    ['latin-ext', EXTENDED],
  ]) {
    const cut = await subsetFont(readFileSync(join(root, font.file(set))), text, {
      targetFormat: 'woff2',
      variationAxes: font.axes,
    })
    writeFileSync(join(target, `${font.name}-${set}.woff2`), cut)
    total += cut.length
    console.log(`${font.name}-${set}.woff2  ${cut.length} bytes`)
  }
  copyFileSync(join(root, 'LICENSE'), join(target, `LICENSE-${font.name}.txt`))
}
console.log(`total ${total} of ${LIMIT_BYTES} bytes`)
if (total > LIMIT_BYTES) process.exit(1)
