/** Before all files of tests: every package packed, and published to a registry of the tests' own. */
import type { TestProject } from 'vitest/node'
import { type Packed, packAll } from './packed.js'
import { publish, startRegistry } from './registry.js'

declare module 'vitest' {
  interface ProvidedContext {
    readonly registry: string
    readonly packages: readonly Packed[]
  }
  interface TaskMeta {
    /** For the table at the end. */
    found?: string
  }
}

export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const { packages, remove } = await packAll()
  try {
    const registry = await startRegistry()
    const stop = async () => {
      await registry.stop()
      await remove()
    }
    try {
      await publish(registry, packages.values())
    } catch (error) {
      await stop()
      throw error
    }
    provide('registry', registry.url)
    provide('packages', [...packages.values()])
    return stop
  } catch (error) {
    await remove()
    throw error
  }
}
