import js from '@eslint/js'
import reactHooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

// The arrows between folders: shared (ui, api, i18n) → features → app and routes. A feature never imports
// another feature; a page that needs two is put together in routes/.
const SHARED = ['ui', 'api', 'i18n', 'docs']
const FEATURES = ['feed', 'events', 'joins', 'door', 'auth', 'notify']

const forbid = (folders, why) => ({
  'no-restricted-imports': [
    'error',
    { patterns: [{ regex: `(^|/)(${folders.join('|')})(/|$)`, message: why }] },
  ],
})

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'src/api/schema.gen.ts', 'test-results'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-misused-promises': [
        'error',
        { checksVoidReturn: { attributes: false } },
      ],
      // `throw redirect(…)` is how the router is told to go elsewhere.
      '@typescript-eslint/only-throw-error': 'off',
      'no-console': ['error', { allow: ['error'] }],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    ...reactHooks.configs.flat['recommended-latest'],
  },
  {
    files: SHARED.map((folder) => `src/${folder}/**/*.{ts,tsx}`),
    rules: forbid(['features', 'app', 'routes'], 'Shared code knows no feature and no page.'),
  },
  ...FEATURES.map((feature) => ({
    files: [`src/features/${feature}/**/*.{ts,tsx}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '(^|/)(app|routes)(/|$)',
              message: 'Features do not know the app around them.',
            },
            {
              regex: `^\\.\\./(${FEATURES.filter((other) => other !== feature).join('|')})(/|$)`,
              message: 'A feature does not import another; compose them in routes/.',
            },
          ],
        },
      ],
    },
  })),
  {
    files: ['public/*.js'],
    languageOptions: {
      globals: {
        self: 'readonly',
        caches: 'readonly',
        Request: 'readonly',
        Response: 'readonly',
        fetch: 'readonly',
      },
    },
  },
  {
    files: ['**/*.{mjs,js}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
)
