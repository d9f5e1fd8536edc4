import { defineConfig, mergeConfig } from 'vitest/config'
import { unitTests } from '../../vitest.shared.mjs'

// Starting threads takes its time on a machine that is busy; no test waits for a time by itself.
const patient = { testTimeout: 60_000, hookTimeout: 60_000 }

export default mergeConfig(unitTests, defineConfig({ test: { name: 'trainer', ...patient } }))
