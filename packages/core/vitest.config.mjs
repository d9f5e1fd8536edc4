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
    // No test changes what others see, and to load everything anew for each file took most of the time.
    test: { name: 'core', isolate: false, server: { deps: { inline: [/@tensorflow/] } } },
  }),
)
