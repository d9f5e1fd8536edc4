/**
 * Engines by name. `auto` is `native` where there is native code that works, else `wasm`; both give the same bits.
 * TensorFlow is loaded when it is first asked for.
 */
import { type Engine } from '@gradpool/core/engine'
import { hasNativeCode, nativeEngine, wasmEngine } from '@gradpool/engine-cpu'

export const engineNames = ['auto', 'native', 'wasm', 'tensorflow'] as const

export type EngineName = (typeof engineNames)[number]

export interface EngineChoice {
  readonly engine: EngineName
  /** Whether libraries may log. Default: false. */
  readonly verbose?: boolean
}

/** @throws UserError where the engine that was asked for is not there */
export async function chooseEngine({ engine, verbose = false }: EngineChoice): Promise<Engine> {
  if (engine === 'tensorflow') {
    const { tensorflowEngine } = await import('@gradpool/engine-tensorflow')
    return tensorflowEngine({ verbose })
  }
  const native = engine === 'native' || (engine === 'auto' && hasNativeCode())
  return native ? nativeEngine() : wasmEngine()
}

const shared = new Map<EngineName, Promise<Engine>>()

/**
 * The engine that is given, or the one of this name that everything in this process shares, made when first asked for.
 * What is compiled on it is freed one by one; the engine itself lives as long as the process, and does not keep it
 * alive.
 *
 * @throws UserError where it is not there
 */
export async function engineFor(given: EngineName | Engine = 'auto'): Promise<Engine> {
  if (typeof given !== 'string') return given
  const made = shared.get(given) ?? chooseEngine({ engine: given })
  shared.set(given, made)
  // One that could not be made may be asked for again, once what it lacked is there.
  made.catch(() => shared.delete(given))
  return made
}
