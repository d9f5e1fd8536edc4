/**
 * The engine `tensorflow`: each Program one graph of TensorFlow, run by tfjs-node, many steps per
 * call.
 */
import {
  BaseEngine,
  bytesPerElement,
  SharedStates,
  sizeOf,
  type Backend,
  type BatchProgram,
  type CompileOptions,
  type Engine,
  type Field,
  type Program,
} from '@gradpool/core/engine'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TensorFlowBackend, type Host } from './execution.js'
import { ModelFolders } from './model-folders.js'
import type { FieldFile } from './lowering/step-inputs.js'
import { bindingFile } from './setup/binding.js'
import { placeCachedBinding } from './setup/wheel.js'
import { configureTensorFlow, tensorflowVersion } from './tensorflow.js'

export interface TensorFlowEngineOptions {
  /** Whether TensorFlow may log on stderr. Default: false. */
  readonly verbose?: boolean
  /**
   * How many milliseconds a worker of several waits for the others at a step before it abandons the
   * chunk. Default: a minute.
   */
  readonly barrierTimeoutMs?: number
}

/** @throws UserError where TensorFlow is not there; says how to get it */
export function tensorflowEngine(options: TensorFlowEngineOptions = {}): Promise<Engine> {
  return new Promise((resolve) => {
    resolve(new TensorFlowEngine(options))
  })
}

class TensorFlowEngine extends BaseEngine<SharedStates> implements Host {
  readonly name = 'tensorflow'
  readonly description: string
  readonly numerics: string
  readonly workerModule = new URL(import.meta.url.endsWith('.ts') ? '../dist/chunk.js' : './chunk.js', import.meta.url)
    .href
  readonly folders: ModelFolders
  readonly barrierTimeoutMs: number
  readonly #folder: string
  /** Files of fields, and how many executions read them. */
  readonly #files = new Map<Field['values'], { readonly file: string; users: number }>()
  #numFields = 0

  constructor({ verbose = false, barrierTimeoutMs = 60_000 }: TensorFlowEngineOptions) {
    super()
    this.barrierTimeoutMs = barrierTimeoutMs
    configureTensorFlow({ verbose })
    // An installation of packages takes the binding away, but not what it was made of.
    if (!existsSync(bindingFile())) placeCachedBinding()
    const version = tensorflowVersion()
    this.numerics = `tensorflow-${version}`
    this.description = `TensorFlow ${version} through tfjs-node, one graph per program`
    this.#folder = mkdtempSync(join(tmpdir(), 'gradpool-tensorflow-'))
    this.folders = new ModelFolders(this.#folder)
    process.once('exit', this.#remove)
  }

  readonly allocate = (numBytes: number): Uint8Array => new Uint8Array(numBytes)

  createStates(program: Program): SharedStates {
    return SharedStates.create(program)
  }

  prepare(program: BatchProgram, options: CompileOptions, states: SharedStates): Backend {
    return new TensorFlowBackend(this, program, options, states)
  }

  place({ values, dtype, shape }: Field): FieldFile {
    const known = this.#files.get(values)
    const placed = known ?? { file: join(this.#folder, `field-${this.#numFields++}`), users: 0 }
    if (known === undefined) {
      writeFileSync(placed.file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    }
    placed.users++
    this.#files.set(values, placed)
    const numRows = values.byteLength / bytesPerElement[dtype] / sizeOf(shape)
    return { path: placed.file, numRows }
  }

  release({ values }: Field): void {
    const placed = this.#files.get(values)
    if (placed === undefined) return
    placed.users--
    if (placed.users > 0) return
    this.#files.delete(values)
    rmSync(placed.file, { force: true })
  }

  override async dispose(): Promise<void> {
    await super.dispose()
    process.removeListener('exit', this.#remove)
    this.#remove()
  }

  readonly #remove = (): void => {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
