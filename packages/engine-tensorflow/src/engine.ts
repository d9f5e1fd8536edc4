/** The engine `tensorflow`: each Program is a TensorFlow graph, run by tfjs-node, many steps per call. */
import {
  BaseEngine,
  bytesPerElement,
  FieldCopies,
  SharedStates,
  sizeOf,
  type Backend,
  type BatchProgram,
  type CompileOptions,
  type Engine,
  type Field,
  type Program,
} from '@gradpool/core/engine'
import { flushesDenormals } from '@gradpool/engine-cpu'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TensorFlowBackend, type Host } from './execution.js'
import type { FieldFile } from './lowering/step-inputs.js'
import { bindingFile } from './setup/binding.js'
import { placeCachedBinding } from './setup/wheel.js'
import { configureTensorFlow, tensorflowVersion } from './tensorflow.js'

export interface TensorFlowEngineOptions {
  /** Whether TensorFlow may log on stderr. Default: false. */
  readonly verbose?: boolean
  /** How many milliseconds a worker waits for the others at a step before it abandons the chunk. Default: 60,000. */
  readonly barrierTimeoutMs?: number
}

/** @throws UserError if TensorFlow is not installed; says how to get it */
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
  readonly barrierTimeoutMs: number
  readonly #folder: string
  /**
   * Names of model folders that are free again. They are reused, as TensorFlow keeps some 2 kB of statistics, to the
   * end of the process, for every path that it has loaded a model from.
   */
  readonly #freeFolders: string[] = []
  #numFolders = 0
  #numFiles = 0
  readonly #files = new FieldCopies<string>(
    ({ values }) => {
      const file = join(this.#folder, `field-${this.#numFiles++}`)
      writeFileSync(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
      return file
    },
    (file) => rmSync(file, { force: true }),
  )

  constructor({ verbose = false, barrierTimeoutMs = 60_000 }: TensorFlowEngineOptions) {
    super()
    this.barrierTimeoutMs = barrierTimeoutMs
    configureTensorFlow({ verbose })
    // Installing packages removes the binding, but not the cache that it came from.
    if (!existsSync(bindingFile())) placeCachedBinding()
    const version = tensorflowVersion()
    this.numerics = `tensorflow-${version}${flushesDenormals() ? '-flushing' : ''}`
    this.description = `TensorFlow ${version} through tfjs-node, one graph per program`
    this.#folder = mkdtempSync(join(tmpdir(), 'gradpool-tensorflow-'))
    process.once('exit', this.#remove)
  }

  readonly allocate = (numBytes: number): Uint8Array => new Uint8Array(numBytes)

  createStates(program: Program): SharedStates {
    return SharedStates.create(program)
  }

  prepare(program: BatchProgram, options: CompileOptions, states: SharedStates): Backend {
    return new TensorFlowBackend(this, program, options, states)
  }

  takeFolder(): string {
    const folder = this.#freeFolders.pop() ?? join(this.#folder, `model-${this.#numFolders++}`)
    mkdirSync(folder)
    return folder
  }

  giveFolder(folder: string): void {
    rmSync(folder, { recursive: true, force: true })
    this.#freeFolders.push(folder)
  }

  place(field: Field, user: object): FieldFile {
    const { values, dtype, shape } = field
    const path = this.#files.hold(field, user)
    return { path, numRows: values.byteLength / bytesPerElement[dtype] / sizeOf(shape) }
  }

  release(user: object): void {
    this.#files.release(user)
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
