/** Figures of what a model encodes: codes in two dimensions, reconstructions, and walks from code to code. */
import type { Values } from '@gradpool/core'
import { Program, prune, type Input, type Node, type StateValues } from '@gradpool/core/engine'
import type { SavedPrediction } from '@gradpool/storage'
import { Predictor } from '@gradpool/trainer'
import { classesFor, imageAt, labelsOf, type Examples } from './examples.js'
import { principal } from './principal.js'
import type { CodeFigures, ReconstructionFigures, WalkFigures } from './stage-figures.js'
import type { UmapTask } from '../umap-thread.js'

const MOST_POINTS = 500
const NUM_PAIRS = 10
const NUM_WALKS = 4
const WALK_STEPS = 9

/** Codes, by UMAP in two dimensions. */
export type RunUmap = (task: UmapTask) => Promise<readonly (readonly number[])[]>

/** Undefined where the model predicts no code. */
export async function codeFigures(examples: Examples, runUmap: RunUmap): Promise<CodeFigures | undefined> {
  const code = examples.predicted.get('code')
  if (code === undefined) return undefined
  const { size: width } = code
  const count = Math.min(MOST_POINTS, examples.count)
  const values = code.values.subarray(0, count * width)
  const known = labelsOf(examples)
  const labels = Array.from({ length: count }, (_, at) => known?.[at] ?? -1)
  const classes = classesFor(examples, labels.reduce((most, label) => Math.max(most, label), -1) + 1)
  const rows = Array.from({ length: count }, (_, at) => Array.from(values.subarray(at * width, (at + 1) * width)))
  const rounded = (points: readonly (readonly number[])[]) =>
    points.map(([x = 0, y = 0]) => [Number(x.toPrecision(5)), Number(y.toPrecision(5))] as const)
  if (width === 1) {
    const points = rows.map(([value = 0], at) => [value, labels[at] ?? 0])
    return { width, classes, labels, principal: rounded(points), explained: null, umap: null }
  }
  const { points, explained } = principal(values, width)
  const canMap = width > 2 && count > 2 && rows.flat().every(Number.isFinite)
  const umap = canMap ? rounded(await runUmap({ rows, seed: examples.seed })) : null
  return { width, classes, labels, principal: rounded(points), explained, umap }
}

/** By what names models predict the image that they were given. */
const RECONSTRUCTIONS = ['reconstruction', 'image']

interface Reconstruction {
  readonly name: string
  readonly values: Values
  /** As grey levels from 0 to 255: models of scaled images give numbers from 0 to 1. */
  readonly greyOf: (values: Values) => Values
}

function reconstructionOf({ images, predicted, count }: Examples): Reconstruction | undefined {
  for (const name of RECONSTRUCTIONS) {
    const output = predicted.get(name)
    if (images === undefined || output?.size !== images.length / count) continue
    const { values } = output
    const isScaled = values.every((value) => value >= 0 && value <= 1)
    return { name, values, greyOf: (some) => (isScaled ? some.map((value) => 255 * value) : some) }
  }
  return undefined
}

/** Undefined where the model reconstructs no images. */
export function reconstructionFigures(examples: Examples): ReconstructionFigures | undefined {
  const { images, image, count } = examples
  const output = reconstructionOf(examples)
  if (image === null || images === undefined || output === undefined) return undefined
  const labels = labelsOf(examples)
  const size = images.length / count
  const shown = Math.min(NUM_PAIRS, count)
  const grey = output.greyOf(output.values.slice(0, shown * size))
  const pairs = Array.from({ length: shown }, (_, at) => ({
    input: imageAt(examples, images, at) ?? '',
    output: imageAt(examples, grey, at) ?? '',
    truth: labels?.[at] ?? null,
  }))
  return { pairs }
}

/** Undefined where nothing but a code decides the reconstruction, or there is none. */
export async function walkFigures(
  prediction: SavedPrediction,
  states: StateValues,
  examples: Examples,
): Promise<WalkFigures | undefined> {
  const { predicted, image, count } = examples
  const code = predicted.get('code')
  const output = reconstructionOf(examples)
  if (code === undefined || output === undefined || image === null) return undefined
  const decoder = decoderOf(prediction, output.name)
  if (decoder === undefined) return undefined
  const labels = labelsOf(examples)
  const ends = endsOf(count, labels).slice(0, NUM_WALKS)
  const { size: width } = code
  const codes = ends.flatMap(([from, to]) =>
    Array.from({ length: WALK_STEPS }, (_, step) => {
      const share = step / (WALK_STEPS - 1)
      return Array.from({ length: width }, (_, at) => {
        const [start = 0, end = 0] = [code.values[from * width + at], code.values[to * width + at]]
        return start + share * (end - start)
      })
    }).flat(),
  )
  const predictor = await Predictor.create(decoder, states)
  try {
    const { [output.name]: decoded } = await predictor.predict({ code: Float32Array.from(codes) })
    const grey = decoded && output.greyOf(decoded)
    return {
      walks: ends.map(([from, to], walk) => ({
        from: labels?.[from] ?? null,
        to: labels?.[to] ?? null,
        images: Array.from(
          { length: WALK_STEPS },
          (_, step) => imageAt(examples, grey, walk * WALK_STEPS + step) ?? '',
        ),
      })),
    }
  } finally {
    await predictor.dispose()
  }
}

/** Pairs of examples, where they have classes of two classes. */
function endsOf(count: number, labels: Int32Array | undefined): [number, number][] {
  const pairs: [number, number][] = []
  const used = new Set<number>()
  for (let from = 0; from < count && pairs.length < NUM_WALKS; from++) {
    if (used.has(from)) continue
    for (let to = from + 1; to < count; to++) {
      if (used.has(to) || (labels && labels[from] === labels[to])) continue
      pairs.push([from, to])
      used.add(from).add(to)
      break
    }
  }
  return pairs
}

/** The part of a prediction that makes the reconstruction of a code, as a prediction of its own. */
function decoderOf({ row, block, blockRows, outputs }: SavedPrediction, wanted: string): SavedPrediction | undefined {
  const output = outputs.find(({ name }) => name === wanted)
  const code = outputs.find(({ name }) => name === 'code')
  if (output === undefined || code === undefined) return undefined
  const [fromRow, fromBlock] = [row, block].map((program) => fromCode(program, wanted))
  if (!fromRow || !fromBlock) return undefined
  return { row: fromRow, block: fromBlock, blockRows, fields: [{ ...code, dtype: 'f32' }], outputs: [output] }
}

/** Undefined where the reconstruction needs more than the code. */
function fromCode(program: Program, wanted: string): Program | undefined {
  const code = program.results.find(({ name }) => name === 'code')
  if (code === undefined) return undefined
  const { shape, dtype } = program.node(code.node)
  const given: Node = { op: 'input', inputs: [], attributes: {}, shape, dtype }
  const input: Input = { role: 'batch', name: 'code', node: code.node }
  const decoder = prune(
    new Program({
      ...program.toJSON(),
      nodes: program.nodes.map((node, at) => (at === code.node ? given : node)),
      inputs: [...program.inputs, input],
      results: program.results.filter(({ name }) => name === wanted),
    }),
    { keepStates: false },
  )
  return decoder.fields.length === 1 ? decoder : undefined
}
