/** An encoder in an ONNX file, run by onnxruntime-node on the CPU. */
import { UserError } from '@gradpool/core'
import { sizeOf, type Field } from '@gradpool/core/engine'
import { readRegular, reasonOf, sha256 } from '@gradpool/storage'
import type * as OnnxRuntime from 'onnxruntime-common'
import { importInstalled } from '../import-installed.js'
import { readError } from '../idx/read-error.js'
import { localFile } from '../remote/remote-file.js'
import { listed } from '../spec-rules.js'
import { checkedOptions, hashOf, type Encoded, type Encoder, type EncoderOptions } from './encoder.js'

export interface OnnxEncoderOptions extends EncoderOptions {
  /** The name of its input. Default: its only one. */
  readonly input?: string
  /** The name of its output. Default: its first. */
  readonly output?: string
  /** Pixels and the like are multiplied by this first. Default: 1. */
  readonly scale?: number
  /** Of each channel, subtracted after that. Default: 0. */
  readonly mean?: readonly number[]
  /** Of each channel, divided by after that. Default: 1. */
  readonly deviation?: readonly number[]
  /** Where the network has its channels; fields have them last. Default: `first`, as networks of PyTorch do. */
  readonly channels?: 'first' | 'last'
}

/**
 * @param path of the `.onnx` file, or its address with its SHA-256
 * @throws UserError with one sentence where onnxruntime-node is not installed, or the file is no network of one input
 */
export async function onnxEncoder(path: string, options: OnnxEncoderOptions = {}): Promise<Encoder> {
  const { batchSize, ...fields } = checkedOptions('onnxEncoder', options)
  const { InferenceSession, Tensor } = await loadOnnxRuntime()
  const bytes = await modelBytes(path)
  // One thread: sums that are cut among several may come out otherwise.
  const settings = { intraOpNumThreads: 1, interOpNumThreads: 1 }
  const session = await told(path, () => InferenceSession.create(bytes, settings))
  const input = named(path, 'input', session.inputNames, options.input)
  const output = named(path, 'output', session.outputNames, options.output ?? session.outputNames[0])
  const { scale = 1, mean = [0], deviation = [1], channels = 'first' } = options
  const preparation = { scale, mean, deviation, channels }
  const encode = async (rows: Field): Promise<Encoded> => {
    const { values, shape } = prepared(rows, preparation)
    const results = await told(path, () => session.run({ [input]: new Tensor('float32', values, shape) }))
    const result = results[output]
    const [numRows, ...rowShape] = result?.dims ?? []
    if (!(result?.data instanceof Float32Array) || numRows !== shape[0]) {
      throw new UserError(
        `${path}: its output '${output}' is ${result?.type ?? 'not there'} [${result?.dims.join(', ') ?? ''}], expected float32 of ${shape[0]} rows`,
      )
    }
    return { shape: rowShape, values: result.data }
  }
  return {
    ...fields,
    hash: hashOf(['onnx', sha256(bytes), fields, input, output, preparation]),
    batchSize,
    encode,
  }
}

interface Preparation {
  readonly scale: number
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
  readonly channels: 'first' | 'last'
}

/** As the network takes them: f32, scaled, and with its order of axes. */
function prepared({ values, shape }: Field, { scale, mean, deviation, channels }: Preparation) {
  const numRows = values.length / sizeOf(shape)
  const numChannels = shape.at(-1) ?? 1
  const numPlaces = sizeOf(shape) / numChannels
  const isMoved = channels === 'first' && shape.length > 1
  const floats = new Float32Array(values.length)
  for (let at = 0; at < values.length; at++) {
    const channel = at % numChannels
    const value =
      ((values[at] ?? 0) * scale - (mean[channel] ?? mean[0] ?? 0)) / (deviation[channel] ?? deviation[0] ?? 1)
    const place = Math.floor(at / numChannels)
    const row = Math.floor(place / numPlaces)
    const to = isMoved ? (row * numChannels + channel) * numPlaces + (place % numPlaces) : at
    floats[to] = value
  }
  const ofRow = isMoved ? [numChannels, ...shape.slice(0, -1)] : shape
  return { values: floats, shape: [numRows, ...ofRow] }
}

async function loadOnnxRuntime(): Promise<Pick<typeof OnnxRuntime, 'InferenceSession' | 'Tensor'>> {
  try {
    return (await importInstalled('onnxruntime-node')) as typeof OnnxRuntime
  } catch (cause) {
    throw new UserError('onnxEncoder needs ONNX Runtime: npm install onnxruntime-node', { cause })
  }
}

async function modelBytes(path: string): Promise<Uint8Array> {
  const file = await localFile(path)
  try {
    return await readRegular(file)
  } catch (error) {
    throw readError(file, error)
  }
}

function named(path: string, what: 'input' | 'output', names: readonly string[], wanted: string | undefined): string {
  const [only, ...others] = names
  const name = wanted ?? (others.length === 0 ? only : undefined)
  if (name !== undefined && names.includes(name)) return name
  const problem = wanted === undefined ? `several ${what}s, so name one` : `no ${what} '${wanted}'`
  throw new UserError(`${path} has ${problem}; its ${what}s are ${listed(names)}`)
}

async function told<T>(path: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw new UserError(`${path}: ONNX Runtime says: ${reasonOf(error).split('\n')[0] ?? ''}`, { cause: error })
  }
}
