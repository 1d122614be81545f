import { expect, it } from 'vitest'
import { checkBudget, initialFiles } from './budget-rules.mjs'

const manifest = {
  'index.html': { file: 'assets/index.js', imports: ['_react.js'], dynamicImports: ['lazy.tsx'] },
  '_react.js': { file: 'assets/react.js' },
  'lazy.tsx': { file: 'assets/lazy.js' },
}
const html = '<!--app-head--><script src="/assets/index.js"></script><link href="/assets/extra.js">'
const chunk = (name, gzip, raw = gzip * 3) => ({ file: `assets/${name}.js`, gzip, raw })

it('counts the entry, what it imports and what the page preloads, but nothing lazy', () => {
  expect(initialFiles(manifest, html).sort()).toEqual([
    'assets/extra.js',
    'assets/index.js',
    'assets/react.js',
  ])
})

it('passes a light build', () => {
  const chunks = [chunk('index', 20_000), chunk('react', 60_000), chunk('lazy', 80_000)]
  expect(checkBudget({ manifest, chunks, fonts: 50_000, html }).problems).toEqual([])
})

it('refuses a heavy start, a heavy chunk, heavy fonts and a lost marker', () => {
  const chunks = [chunk('index', 80_000), chunk('react', 60_000), chunk('lazy', 10, 250_001)]
  const { problems } = checkBudget({
    manifest,
    chunks,
    fonts: 60_001,
    html: html.replace('<!--app-head-->', ''),
  })
  expect(problems).toHaveLength(4)
})
