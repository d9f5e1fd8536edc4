import { defineConfig, mergeConfig } from 'vitest/config'
import { unitTests } from '../../vitest.shared.mjs'

// Properties are held on many collections, on machines that may be busy; no test waits for a time.
export default mergeConfig(unitTests, defineConfig({ test: { name: 'hashing', testTimeout: 60_000 } }))
