import js from '@eslint/js'
import nx from '@nx/eslint-plugin'
import prettier from 'eslint-config-prettier'
import tseslint from 'typescript-eslint'

/** Each layer, with the layers that its production code may depend on. Dependencies point one way. */
const layers = {
  core: [],
  'engine-contract': ['core'],
  'engine-cpu': ['core'],
  'engine-tensorflow': ['core', 'engine-cpu', 'models', 'storage'],
  models: ['core'],
  datasets: ['core', 'storage'],
  storage: ['core'],
  onnx: ['core', 'storage'],
  'worker-pool': ['core'],
  trainer: ['core', 'engine-cpu', 'engine-tensorflow', 'models', 'datasets', 'storage', 'worker-pool'],
  experiments: ['core', 'models', 'datasets', 'storage', 'trainer'],
  orchestrator: ['core', 'datasets', 'storage', 'worker-pool', 'trainer', 'experiments'],
  queue: ['core', 'storage', 'trainer', 'experiments', 'orchestrator'],
  serve: ['core', 'trainer'],
  tracking: ['core', 'storage', 'trainer'],
  hashing: ['core', 'engine-cpu', 'storage', 'worker-pool'],
  report: ['core', 'datasets', 'storage', 'worker-pool', 'trainer', 'experiments', 'orchestrator', 'hashing'],
  dashboard: ['core', 'datasets', 'storage', 'trainer', 'experiments', 'orchestrator', 'report', 'serve'],
  cli: [
    'core',
    'engine-cpu',
    'engine-tensorflow',
    'models',
    'datasets',
    'storage',
    'worker-pool',
    'trainer',
    'experiments',
    'orchestrator',
    'hashing',
    'onnx',
    'queue',
    'report',
    'serve',
    'tracking',
    'dashboard',
  ],
  gradpool: [
    'core',
    'engine-cpu',
    'models',
    'datasets',
    'worker-pool',
    'trainer',
    'experiments',
    'orchestrator',
    'cli',
  ],
}

/** Tests may depend on all of these besides: engines to run on, models and data to train, the suite of engines. */
const forTests = [
  'core',
  'engine-contract',
  'engine-cpu',
  'engine-tensorflow',
  'models',
  'datasets',
  'storage',
  'worker-pool',
  'trainer',
]

const testFiles = [
  'packages/*/src/**/*.test.ts',
  'packages/*/src/**/testing/**/*.ts',
  'packages/*/test/**/*.ts',
  'packages/*/bench/**/*.ts',
]

function boundaries(allowed) {
  return [
    'error',
    {
      // A module that differs by platform: `imports` of the package's own package.json.
      // Servers for tests, of a project of its own that no package has.
      allow: ['#native', '#threads', '/servers/'],
      // A package that is loaded lazily in one place may be imported by its types, and in tests.
      checkDynamicDependenciesExceptions: ['.*'],
      depConstraints: Object.entries(allowed).map(([layer, below]) => ({
        sourceTag: `layer:${layer}`,
        onlyDependOnLibsWithTags: [layer, ...below].map((name) => `layer:${name}`),
      })),
    },
  ]
}

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Use named exports; only experiment and configuration files have a default export.',
}

/** `f({ ...{ a, b }, c })` only packs more into a line. `eslint --fix` writes `f({ a, b, c })`. */
const noSpreadLiteral = {
  meta: { type: 'suggestion', fixable: 'code', schema: [] },
  create: (context) => ({
    'ObjectExpression > SpreadElement > ObjectExpression.argument'(literal) {
      const { sourceCode } = context
      const closing = sourceCode.getTokenBefore(sourceCode.getLastToken(literal))
      const end = closing.value === ',' ? closing.range[0] : closing.range[1]
      context.report({
        node: literal.parent,
        message: 'Write the properties themselves, without `...{ }` around them.',
        fix: (fixer) =>
          literal.properties.length === 0
            ? null
            : fixer.replaceTextRange(literal.parent.range, sourceCode.text.slice(literal.properties[0].range[0], end)),
      })
    },
  }),
}

export default tseslint.config(
  {
    ignores: [
      '**/node_modules',
      '**/dist',
      '**/out-tsc',
      '**/test-output',
      '**/coverage',
      'runs',
      '.nx',
      '**/*.d.ts',
      '**/*_pb.ts',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx,mjs}'],
    plugins: { gradpool: { rules: { 'no-spread-literal': noSpreadLiteral } } },
    rules: { 'gradpool/no-spread-literal': 'error' },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: {
        AbortController: 'readonly',
        Buffer: 'readonly',
        TextDecoder: 'readonly',
        TextEncoder: 'readonly',
        URL: 'readonly',
        WebAssembly: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
        console: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        process: 'readonly',
        setInterval: 'readonly',
        setTimeout: 'readonly',
        structuredClone: 'readonly',
      },
    },
  },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      // One program of all packages: each package's own would have the types of those below it once more.
      parserOptions: { project: 'tsconfig.lint.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-definitions': 'off',
      // There are no enums here, and it takes unions of literals that index an object for some.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: 'error',
      'no-restricted-globals': [
        'error',
        ...['document', 'event', 'length', 'location', 'name', 'self', 'status', 'window'],
      ],
      'no-restricted-syntax': ['error', noDefaultExport],
    },
  },
  {
    // Training never depends on the clock or on an unseeded random number.
    files: ['packages/*/src/**/*.{ts,tsx}'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Use the seeded numbers of core.' },
      ],
    },
  },
  {
    files: ['packages/**/*.{ts,tsx}', 'test/**/*.ts'],
    plugins: { '@nx': nx },
    rules: { '@nx/enforce-module-boundaries': boundaries(layers) },
  },
  {
    files: [...testFiles, 'test/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': boundaries({
        ...Object.fromEntries(Object.entries(layers).map(([layer, below]) => [layer, [...below, ...forTests]])),
        test: Object.keys(layers),
        'test-servers': ['storage'],
      }),
    },
  },
  {
    files: ['**/*.test.ts', '**/testing/**/*.ts', '**/bench/**/*.ts', 'test/**/*.ts'],
    rules: {
      // Tests reach into other packages' test helpers only through their public names, but may start anything.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['examples/browser/public/*.js'],
    languageOptions: {
      globals: { caches: 'readonly', fetch: 'readonly', Headers: 'readonly', Response: 'readonly', self: 'readonly' },
    },
  },
  {
    // Of pages.
    files: ['examples/browser/**/*.ts', 'test/browser/**/*.ts', 'packages/{dashboard,report}/src/page/**/*.{ts,tsx}'],
    rules: { 'no-restricted-globals': 'off' },
  },
  {
    // An experiment file's default export is the experiment.
    files: ['**/*.experiment.ts', '**/examples/**/*.ts', '**/fixtures/**/*.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  prettier,
)
