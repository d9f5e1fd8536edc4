import { defineConfig, mergeConfig } from 'vitest/config'
import { unitTests } from '../../vitest.shared.mjs'

// TensorFlow keeps what it was set to for as long as its process lives.
export default mergeConfig(unitTests, defineConfig({ test: { name: 'engine-tensorflow', isolate: true } }))
