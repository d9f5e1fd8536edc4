/**
 * Answers requests of the Open Inference Protocol (version 2, as KServe, Triton and others have it), for any server
 * that brings the method, the path and the bytes of the body.
 */
import { UserError } from '@gradpool/core'
import { QueueFull } from '../batching/batching-predictor.js'
import { checkWhole } from '../checks.js'
import type { ServedModel } from '../model.js'
import { type Answer, json } from './answer.js'
import { metadataOf } from './metadata.js'
import { readInference } from './read-inference.js'
import { quoted, Refusal } from './refusal.js'
import { writeInference } from './write-inference.js'

/** Models by name, as they are at this moment; a Map is one. */
export interface Models {
  get(name: string): ServedModel | undefined
  keys(): Iterable<string>
}

export interface AnswerOptions {
  readonly models: Models
  /** Rows of a request, at most. Default: 1024. */
  readonly mostRows?: number
  /** Whether new requests may come: false while the server stops. Default: always. */
  readonly isReady?: () => boolean
  readonly onAnswer?: (answered: Answered) => void
  /** What went wrong in a prediction, and is no fault of the request. */
  readonly onError?: (error: unknown) => void
}

/** Of a request for a prediction. */
export interface Answered {
  /** Undefined where there is no such model. */
  readonly model: string | undefined
  readonly status: number
  readonly rows: number
  /** From the whole request to the answer. */
  readonly seconds: number
}

export interface Asked {
  readonly method: string
  /** After `/v2`: '' or '/models/digits/infer'. */
  readonly path: string
  readonly header: (name: string) => string | undefined
  readonly body: Uint8Array
}

declare const GRADPOOL_VERSION: string | undefined

const SERVER = {
  name: 'gradpool',
  // Sources that are not built have none.
  version: typeof GRADPOOL_VERSION === 'string' ? GRADPOOL_VERSION : 'source',
  extensions: ['binary_tensor_data'],
}

const MOST_ROWS = 2 ** 24

export class Answers {
  readonly #options: AnswerOptions
  readonly #mostRows: number

  constructor(options: AnswerOptions) {
    this.#options = options
    this.#mostRows = checkWhole('mostRows', options.mostRows ?? 1024, 1, MOST_ROWS)
  }

  /** Never rejects. */
  async answer(asked: Asked): Promise<Answer> {
    try {
      return await this.#answer(asked)
    } catch (error) {
      return this.#failed(error)
    }
  }

  #answer(asked: Asked): Answer | Promise<Answer> {
    const { method, path } = asked
    const parts = path.split('/').slice(1)
    const [first, name, ...rest] = parts
    if (first === 'models' && name !== undefined && rest.at(-1) === 'infer') {
      checkMethod(method, ['POST'])
      return this.#infer(name, rest.slice(0, -1), asked)
    }
    checkMethod(method, ['GET', 'HEAD'])
    if (path === '') return json(200, SERVER)
    if (path === '/health/live') return json(200, { live: true })
    if (path === '/health/ready') return this.#ready({ ready: this.#isReady() })
    if (path === '/models') return json(200, { models: [...this.#options.models.keys()] })
    if (first !== 'models' || name === undefined) throw new Refusal(404, `there is no ${quoted(`/v2${path}`)}`)
    const [last] = rest.slice(-1)
    const model = this.#find(name, last === 'ready' ? rest.slice(0, -1) : rest)
    return last === 'ready' ? this.#ready({ name, ready: this.#isReady() }) : json(200, metadataOf(name, model))
  }

  async #infer(name: string, version: readonly string[], asked: Asked): Promise<Answer> {
    const started = performance.now()
    let rows = 0
    let found: string | undefined
    const told = (answer: Answer): Answer => {
      const seconds = (performance.now() - started) / 1000
      this.#options.onAnswer?.({ model: found, status: answer.status, rows, seconds })
      return answer
    }
    try {
      // From here to the prediction nothing is awaited: the model cannot be exchanged for a newer one meanwhile.
      const model = this.#find(name, version)
      found = name
      const encoding = asked.header('content-encoding') ?? 'identity'
      if (encoding !== 'identity') throw new Refusal(415, `a body is taken as it is, and not as ${quoted(encoding)}`)
      const jsonBytes = asked.header('inference-header-content-length')
      const inference = readInference(model, asked.body, { jsonBytes, mostRows: this.#mostRows })
      const predicted = await model.predict(inference.inputs)
      rows = inference.numRows
      return told(writeInference(name, model, inference, predicted))
    } catch (error) {
      return told(this.#failed(error))
    }
  }

  /** @param version nothing, or 'versions' and the model's hash */
  #find(name: string, version: readonly string[]): ServedModel {
    const model = this.#options.models.get(name)
    if (!model) {
      const names = [...this.#options.models.keys()].join(', ')
      throw new Refusal(404, `there is no model ${quoted(name)}; there is ${names}`)
    }
    const [word, hash, ...more] = version
    if (version.length === 0 || (word === 'versions' && hash === model.hash && more.length === 0)) return model
    throw new Refusal(404, `the model ${quoted(name)} has the one version ${model.hash}`)
  }

  #isReady(): boolean {
    return this.#options.isReady?.() ?? true
  }

  #ready(answer: { readonly name?: string; readonly ready: boolean }): Answer {
    return json(answer.ready ? 200 : 503, answer)
  }

  #failed(error: unknown): Answer {
    if (error instanceof QueueFull) return json(429, { error: error.message }, { 'retry-after': '1' })
    if (error instanceof Refusal) return refused(error)
    if (error instanceof UserError) return json(400, { error: error.message })
    this.#options.onError?.(error)
    return json(500, { error: 'the prediction failed' })
  }
}

/** Where a method is not taken, HTTP asks for those that are. */
class WrongMethod extends Refusal {
  constructor(readonly allowed: readonly string[]) {
    super(405, `this is asked by ${allowed.join(' or ')}`)
  }
}

function checkMethod(method: string, allowed: readonly string[]): void {
  if (!allowed.includes(method)) throw new WrongMethod(allowed)
}

export function refused(refusal: Refusal): Answer {
  const { status, message } = refusal
  return json(status, { error: message }, refusal instanceof WrongMethod ? { allow: refusal.allowed.join(', ') } : {})
}
