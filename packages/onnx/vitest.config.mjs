import { defineConfig, mergeConfig } from 'vitest/config'
import { unitTests } from '../../vitest.shared.mjs'

// ONNX Runtime makes threads, which a process of its own ends with.
export default mergeConfig(unitTests, defineConfig({ test: { name: 'onnx', testTimeout: 60_000 } }))
