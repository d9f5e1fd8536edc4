import { defineConfig, mergeConfig } from 'vitest/config'
import { unitTests } from '../../vitest.shared.mjs'

// A test replaces a function of `node:fs`.
export default mergeConfig(unitTests, defineConfig({ test: { name: 'storage', isolate: true } }))
