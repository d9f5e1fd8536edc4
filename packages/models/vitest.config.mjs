import { defineConfig, mergeConfig } from 'vitest/config'
import { unitTests } from '../../vitest.shared.mjs'

// No test changes what others see, and to load everything anew for each file took most of the time.
export default mergeConfig(unitTests, defineConfig({ test: { name: 'models', isolate: false } }))
