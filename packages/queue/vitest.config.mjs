import { defineConfig, mergeConfig } from 'vitest/config'
import { unitTests } from '../../vitest.shared.mjs'

// Stores flush each file, which takes long on a busy disk.
export default mergeConfig(unitTests, defineConfig({ test: { name: 'queue', testTimeout: 60_000 } }))
