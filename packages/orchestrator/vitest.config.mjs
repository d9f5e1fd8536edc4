import { defineConfig, mergeConfig } from 'vitest/config'
import { unitTests } from '../../vitest.shared.mjs'

export default mergeConfig(unitTests, defineConfig({ test: { name: 'orchestrator' } }))
