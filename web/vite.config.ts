import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const server = process.env.CITYEVENTS_API ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [react()],
  css: { modules: { generateScopedName: '[name]_[local]_[hash:base64:4]' } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // a strict CSP allows no data: URLs
    modulePreload: { polyfill: false },
    manifest: true, // read, then removed, by scripts/postbuild.mjs
    reportCompressedSize: false,
    rolldownOptions: {
      input: ['index.html', 'docs.html'],
      output: {
        // Libraries change less often than the app: their own chunks stay in the browser's cache.
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\// },
            { name: 'tanstack', test: /node_modules\/(@tanstack|openapi-fetch|isbot|seroval)/ },
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    port: 5200,
    proxy: { '/api': server, '/media': server },
  },
  preview: {
    host: '127.0.0.1',
    port: 5201,
    proxy: { '/api': server, '/media': server },
    // As strict as the server's own policy, so that a preview shows what it would refuse.
    headers: {
      'Content-Security-Policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
        "connect-src 'self'; manifest-src 'self'; frame-src 'self'; worker-src 'self'; base-uri 'none'; " +
        "form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.mjs'],
    env: { TZ: 'Europe/Berlin' },
  },
})
