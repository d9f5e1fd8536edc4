import { defineConfig, mergeConfig } from 'vitest/config'
import { unitTests } from '../../vitest.shared.mjs'

// The oracle's gradients are in none of its bundles, only among its modules, which Node cannot load by itself. Vitest
// makes one bundle of them, and keeps it: to load hundreds of modules anew for each run took most of the time.
const oracle = [
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-core/dist/register_all_gradients.js',
  '@tensorflow/tfjs-backend-cpu',
]

export default mergeConfig(
  unitTests,
  defineConfig({
    test: {
      name: 'core',
      deps: { optimizer: { ssr: { enabled: true, include: oracle } } },
    },
  }),
)
