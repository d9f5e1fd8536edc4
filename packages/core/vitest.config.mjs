import { fileURLToPath } from 'node:url'
import { defineConfig, mergeConfig } from 'vitest/config'
import { unitTests } from '../../vitest.shared.mjs'

const tfjs = (name) => fileURLToPath(new URL(`../../node_modules/@tensorflow/${name}/dist/index.js`, import.meta.url))

export default mergeConfig(
  unitTests,
  defineConfig({
    // The oracle's gradients are in none of its bundles, only among its modules, which Node cannot load by itself.
    resolve: {
      alias: [{ find: /^@tensorflow\/(tfjs-core|tfjs-backend-cpu)$/, replacement: tfjs('$1') }],
    },
    test: { name: 'core', server: { deps: { inline: [/@tensorflow/] } } },
  }),
)
