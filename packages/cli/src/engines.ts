/** The engines by the names that `--engine` takes. */
import { type Engine, UserError } from '@gradpool/core'
import { nativeEngine, nativeInstructionSets, wasmEngine } from '@gradpool/engine-cpu'

export const engineNames = ['auto', 'native', 'wasm', 'tensorflow'] as const

export type EngineName = (typeof engineNames)[number]

export const precisions = ['exact', 'fast'] as const

export type Precision = (typeof precisions)[number]

export interface EngineChoice {
  readonly engine: EngineName
  /** Default: exact. */
  readonly precision?: Precision
  /** Whether libraries may log. */
  readonly verbose?: boolean
}

/**
 * `auto` is `native` where that is built, else `wasm`; both give the same results.
 *
 * @throws UserError when the one that was asked for is not there.
 */
export async function makeEngine(choice: EngineChoice): Promise<Engine> {
  const { engine, precision = 'exact', verbose = false } = choice
  if (engine === 'tensorflow' && precision === 'exact') {
    const { tensorflowEngine } = await import('@gradpool/engine-tensorflow')
    return tensorflowEngine({ verbose })
  }
  const native =
    engine === 'native' || (engine === 'auto' && nativeInstructionSets(precision).length > 0)
  if (native) return nativeEngine({ precision })
  if (precision === 'exact') return wasmEngine()
  throw new UserError(
    engine === 'tensorflow'
      ? "--precision fast needs the engine 'native'; TensorFlow rounds in its own way"
      : "--precision fast needs the engine 'native'; WebAssembly has no fused operations",
  )
}
