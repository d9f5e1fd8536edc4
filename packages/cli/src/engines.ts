/** The engines by the names that `--engine` takes. */
import { type Engine } from '@gradpool/core'
import { nativeEngine, nativeInstructionSets, wasmEngine } from '@gradpool/engine-cpu'

export const engineNames = ['auto', 'native', 'wasm'] as const

export type EngineName = (typeof engineNames)[number]

/**
 * `auto` is `native` where that is built, else `wasm`; both give the same results.
 *
 * @throws UserError when the one that was asked for is not there.
 */
export function makeEngine(name: EngineName): Promise<Engine> {
  const native = name === 'native' || (name === 'auto' && nativeInstructionSets().length > 0)
  return native ? nativeEngine() : wasmEngine()
}
