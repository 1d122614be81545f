export const INITIAL_GZIP_BYTES = 130_000
export const CHUNK_RAW_BYTES = 250_000
export const FONT_BYTES = 60_000

/**
 * What a first visit loads is what index.html names or preloads, and all that those import statically.
 * Both are counted, so that a preload forgotten by the bundler hides nothing.
 */
export function initialFiles(manifest, html) {
  const initial = new Set()
  const visit = (key) => {
    const chunk = manifest[key]
    if (!chunk || initial.has(chunk.file)) return
    initial.add(chunk.file)
    for (const next of chunk.imports ?? []) visit(next)
  }
  visit('index.html')
  for (const [, file] of html.matchAll(/(?:src|href)="\/?(assets\/[^"]+\.js)"/g)) initial.add(file)
  return [...initial].filter((file) => file.endsWith('.js'))
}

export function checkBudget({ manifest, chunks, fonts, html }) {
  const sizes = new Map(chunks.map((chunk) => [chunk.file, chunk]))
  const initial = initialFiles(manifest, html)
  const gzip = initial.reduce((sum, file) => sum + (sizes.get(file)?.gzip ?? 0), 0)
  const largest = chunks.reduce((a, b) => (b.raw > a.raw ? b : a), { file: '-', raw: 0 })
  const problems = []
  if (initial.length === 0) problems.push('index.html loads no script: is the build complete?')
  if (gzip > INITIAL_GZIP_BYTES) {
    problems.push(`initial JavaScript is ${gzip} bytes gzip, over ${INITIAL_GZIP_BYTES}`)
  }
  for (const chunk of chunks) {
    if (chunk.raw > CHUNK_RAW_BYTES) {
      problems.push(`${chunk.file} is ${chunk.raw} bytes, over ${CHUNK_RAW_BYTES}`)
    }
  }
  if (fonts > FONT_BYTES) problems.push(`fonts are ${fonts} bytes, over ${FONT_BYTES}`)
  if (!html.includes('<!--app-head-->')) problems.push('index.html lost its <!--app-head--> marker')
  const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`
  const report = [
    `initial JavaScript ${kb(gzip)} gzip of ${kb(INITIAL_GZIP_BYTES)} (${initial.length} files)`,
    `largest chunk ${kb(largest.raw)} raw of ${kb(CHUNK_RAW_BYTES)} (${largest.file})`,
    `fonts ${kb(fonts)} of ${kb(FONT_BYTES)}`,
  ].join('\n')
  return { problems, report }
}
