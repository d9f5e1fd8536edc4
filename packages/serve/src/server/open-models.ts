/**
 * Models from files, each loaded again when its file changes. Requests that a model has taken are answered by it; those
 * that come once the new one is loaded go there. A file that cannot be loaded leaves the old one where it is.
 */
import { stat } from 'node:fs/promises'
import { UserError } from '@gradpool/core'
import { loadModel, type PredictionEngine } from '@gradpool/trainer'
import { type BatchDone, type BatchingPredictor, type BatchOptions, predictor } from '../batching/batching-predictor.js'
import { checkWhole } from '../checks.js'
import type { Models } from '../protocol/answers.js'

export interface ModelFile {
  /** In the paths of requests: letters, digits, `.`, `_` and `-`. */
  readonly name: string
  readonly path: string
}

export interface OpenOptions extends Omit<BatchOptions, 'onBatch'> {
  readonly engine?: PredictionEngine
  /** How often each model is in memory, to compute as many batches at once. Default: 1. */
  readonly copies?: number
  /** Milliseconds between two looks at the files; 0 is never. Default: 500. */
  readonly lookEvery?: number
  readonly onBatch?: (model: string, batch: BatchDone) => void
  readonly onReload?: (reload: Reload) => void
}

export interface Reload {
  readonly model: string
  /** Of the new one. */
  readonly hash?: string
  /** Why the old one stays. */
  readonly error?: Error
}

interface Opened {
  readonly file: ModelFile
  predictor: BatchingPredictor
  /** Of the file as it was last looked at. */
  signature: string
  isLoading: boolean
}

const NAME = /^[\w.-]{1,100}$/
const MOST_COPIES = 256
/** A file that changes while it is loaded is loaded again. */
const MOST_TRIES = 5

/** @throws UserError with one sentence, for names that are no names or there twice, and what cannot be loaded */
export async function openModels(files: readonly ModelFile[], options: OpenOptions = {}): Promise<OpenModels> {
  for (const [at, { name }] of files.entries()) {
    if (!NAME.test(name)) {
      throw new UserError(`the name of a model has up to 100 letters, digits, '.', '_' and '-', and is not '${name}'`)
    }
    if (files.findIndex((file) => file.name === name) !== at) {
      throw new UserError(`two models are called '${name}': name one otherwise, as NAME=FILE`)
    }
  }
  const opened: Opened[] = []
  try {
    for (const file of files) opened.push({ file, ...(await load(file, options)), isLoading: false })
  } catch (error) {
    await Promise.all(opened.map(({ predictor: its }) => its.dispose()))
    throw error
  }
  return new OpenModels(opened, options)
}

export class OpenModels implements Models {
  readonly #opened: ReadonlyMap<string, Opened>
  readonly #options: OpenOptions
  readonly #timer: NodeJS.Timeout | undefined
  /** What ends while others serve already. */
  readonly #retiring = new Set<Promise<void>>()
  #looks: Promise<unknown> = Promise.resolve()
  #isDisposed = false

  /** @internal */
  constructor(opened: readonly Opened[], options: OpenOptions) {
    this.#opened = new Map(opened.map((each) => [each.file.name, each]))
    this.#options = options
    const { lookEvery = 500 } = options
    if (lookEvery > 0) this.#timer = setInterval(() => void this.look(), lookEvery).unref()
  }

  get(name: string): BatchingPredictor | undefined {
    return this.#opened.get(name)?.predictor
  }

  keys(): Iterable<string> {
    return this.#opened.keys()
  }

  /** Loads those whose files have changed. Never rejects. */
  async look(): Promise<void> {
    const all = [...this.#opened.values()].filter(({ isLoading }) => !isLoading)
    if (this.#isDisposed || all.length === 0) return
    const looks = Promise.all(all.map((opened) => this.#look(opened)))
    this.#looks = Promise.all([this.#looks, looks]).then(() => undefined)
    await looks
  }

  /** Ends once all that was asked is answered. */
  async dispose(): Promise<void> {
    this.#isDisposed = true
    clearInterval(this.#timer)
    await this.#looks
    await Promise.all([...this.#opened.values()].map(({ predictor: its }) => its.dispose()))
    await Promise.all(this.#retiring)
  }

  async #look(opened: Opened): Promise<void> {
    opened.isLoading = true
    const { file } = opened
    try {
      const signature = await signatureOf(file)
      if (signature === opened.signature) return
      opened.signature = signature
      const loaded = await load(file, this.#options)
      opened.signature = loaded.signature
      this.#retire(opened.predictor)
      opened.predictor = loaded.predictor
      this.#options.onReload?.({ model: file.name, hash: loaded.predictor.hash })
    } catch (error) {
      // The next look loads only what has changed again.
      this.#options.onReload?.({ model: file.name, error: error instanceof Error ? error : new Error(String(error)) })
    } finally {
      opened.isLoading = false
    }
  }

  #retire(old: BatchingPredictor): void {
    const ended = old.dispose().finally(() => this.#retiring.delete(ended))
    this.#retiring.add(ended)
  }
}

async function load(
  file: ModelFile,
  options: OpenOptions,
): Promise<{ readonly predictor: BatchingPredictor; readonly signature: string }> {
  const { copies = 1, engine = 'auto', onBatch, ...batching } = options
  checkWhole('copies', copies, 1, MOST_COPIES)
  for (let tries = 1; ; tries++) {
    const signature = await signatureOf(file)
    const models = await Promise.all(Array.from({ length: copies }, () => loadModel(file.path, { engine })))
    const made = predictor(models, {
      ...batching,
      ...(onBatch && { onBatch: (batch: BatchDone) => onBatch(file.name, batch) }),
    })
    const predictsNothing = Object.keys(made.outputs).length === 0
    if (!predictsNothing && signature === (await signatureOf(file))) return { predictor: made, signature }
    await made.dispose()
    if (predictsNothing) {
      throw new UserError(`'${file.path}' predicts nothing: its definition has no predict function`)
    }
    if (tries === MOST_TRIES) throw new UserError(`'${file.path}' changes all the time`)
  }
}

/** Another one for another file of this path, and for other bytes of the same. */
async function signatureOf({ path }: ModelFile): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true })
    return [ino, size, mtimeNs].join(' ')
  } catch {
    // Whoever loads it says why.
    return 'missing'
  }
}
