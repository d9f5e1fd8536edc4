/** How many CPU cores this process, or page, may use at once. */
import { nodeModule } from '../platform/node-module.js'

/** What a browser says of the machine. */
interface Surroundings {
  readonly navigator?: { readonly hardwareConcurrency?: number }
}

/** At least 1. */
export function availableCores(): number {
  return (
    nodeModule('node:os')?.availableParallelism() ?? (globalThis as Surroundings).navigator?.hardwareConcurrency ?? 1
  )
}
