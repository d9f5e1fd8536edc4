/** The engines by the names that `--engine` takes. */
import { type Engine, UserError } from '@gradpool/core'
import { nativeEngine, nativeInstructionSets, wasmEngine } from '@gradpool/engine-cpu'

export const engineNames = ['auto', 'native', 'wasm'] as const

export type EngineName = (typeof engineNames)[number]

export const precisions = ['exact', 'fast'] as const

export type Precision = (typeof precisions)[number]

/**
 * `auto` is `native` where that is built, else `wasm`; both give the same results.
 *
 * @throws UserError when the one that was asked for is not there.
 */
export async function makeEngine(
  name: EngineName,
  precision: Precision = 'exact',
): Promise<Engine> {
  const native =
    name === 'native' || (name === 'auto' && nativeInstructionSets(precision).length > 0)
  if (native) return nativeEngine({ precision })
  if (precision === 'exact') return wasmEngine()
  throw new UserError(
    "--precision fast needs the engine 'native'; WebAssembly has no fused operations",
  )
}
