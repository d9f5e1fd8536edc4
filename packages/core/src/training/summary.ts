/**
 * What a model is made of and what it costs: layers, shapes, parameters, floating-point operations, memory.
 */
import { bytesPerElement, type DType, type Shape, sizeOf } from '../program/dtype.js'
import { computedBytes, flopsOf } from '../program/work.js'
import { sgd } from '../optimizers/index.js'
import { modelFor, type FieldStatistics, type Model, type ModelData } from './model.js'
import type { Binding } from './module.js'
import { evaluation, train, type BatchOptions } from './train.js'

export interface LayerSummary {
  /** `encoder.0`. */
  readonly path: string
  /** Of its output, the batch first; undefined for parameters that are not those of a `layer`. */
  readonly output: Shape | undefined
  /** Shapes of its own states, by name. */
  readonly states: Readonly<Record<string, Shape>>
  readonly parameters: number
  /** How many of these numbers training changes by their gradients. */
  readonly trained: number
}

export interface ModelSummary {
  readonly layers: readonly LayerSummary[]
  readonly parameters: number
  readonly trained: number
  /**
   * Floating-point operations of one batch, about: of its loss and metrics alone, and of a training step without
   * optimizer.
   */
  readonly flops: { readonly evaluation: number; readonly step: number }
  /**
   * Bytes of the states, and of all values that a training step computes; an engine needs less, since values share
   * memory.
   */
  readonly memory: { readonly states: number; readonly step: number }
  /** A table for people. */
  toString(): string
}

/** A field as `fit` takes it, or what it looks like. */
export interface SummaryField {
  /** Of one example. */
  readonly shape: Shape
  /** Default: that of the values; f32 for other numbers than bytes and Int32Array. */
  readonly dtype?: DType
  readonly values?: ArrayLike<number>
}

/**
 * A summary for data of these shapes, of one example unless `batchSize` says otherwise.
 *
 * @param given fields by name, as `fit` takes them; or a split, or what it looks like
 * @throws UserError where the model does not fit the data
 */
export function summary(
  ofAnyRows: Model,
  given: BatchOptions['data'] | Readonly<Record<string, SummaryField>>,
  { batchSize = 1 }: { readonly batchSize?: number } = {},
): ModelSummary {
  const data = isData(given) ? given : dataOf(given, batchSize)
  const bindings: Binding[] = []
  const model = modelFor(ofAnyRows, { ...data, statistics: (field) => anyStatistics(data, field) })
  const { params, traceStep } = model.forData(data)
  const watched: Model = {
    forData: () => ({
      params,
      traceStep(binding, batch) {
        bindings.push(binding)
        return traceStep(binding, batch)
      },
    }),
  }
  const { program } = evaluation(watched, { data, batchSize })
  const [binding] = bindings
  const trainable = new Set(binding?.trainable.map(({ name }) => name))
  const layers = new Map<string, LayerSummary>()
  for (const { name, shape } of program.states) {
    const [path, own] = split(name)
    const size = sizeOf(shape)
    const layer = layers.get(path)
    layers.set(path, {
      path,
      output: binding?.outputs.get(path),
      states: { ...layer?.states, [own]: shape },
      parameters: (layer?.parameters ?? 0) + size,
      trained: (layer?.trained ?? 0) + (trainable.has(name) ? size : 0),
    })
  }
  const step = trainable.size > 0 ? train(model, { data, batchSize, optimizer: sgd() }).program : program
  const sum = (of: 'parameters' | 'trained') => [...layers.values()].reduce((total, layer) => total + layer[of], 0)
  const made = {
    layers: [...layers.values()],
    parameters: sum('parameters'),
    trained: sum('trained'),
    flops: { evaluation: flopsOf(program), step: flopsOf(step) },
    memory: { states: sum('parameters') * bytesPerElement.f32, step: computedBytes(step) },
  }
  return { ...made, toString: () => table(made) }
}

function isData(given: BatchOptions['data'] | Readonly<Record<string, SummaryField>>): given is BatchOptions['data'] {
  return 'fields' in given && ('numExamples' in given || 'rows' in given)
}

function dataOf(given: Readonly<Record<string, SummaryField>>, numExamples: number): BatchOptions['data'] {
  const fields = Object.entries(given).map(([name, { shape, dtype, values }]) => {
    const ofValues = values instanceof Uint8Array ? 'u8' : values instanceof Int32Array ? 'i32' : 'f32'
    return [name, { shape, dtype: dtype ?? ofValues }] as const
  })
  return { fields: Object.fromEntries(fields), numExamples }
}

/** `encoder.0.weight` is `weight` of `encoder.0`. */
function split(name: string): [path: string, own: string] {
  const dot = name.lastIndexOf('.')
  return dot < 0 ? ['', name] : [name.slice(0, dot), name.slice(dot + 1)]
}

function table({ layers, parameters, trained, flops, memory }: Omit<ModelSummary, 'toString'>) {
  const rows = layers.map((layer) => [
    layer.path === '' ? '(model)' : layer.path,
    layer.output ? `[${layer.output.join(', ')}]` : '',
    Object.entries(layer.states)
      .map(([name, shape]) => `${name} [${shape.join(', ')}]`)
      .join(', '),
    whole(layer.parameters),
  ])
  const all = [['layer', 'output', 'states', 'parameters'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 3 ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  '),
  )
  return [
    ...lines,
    '',
    `${whole(parameters)} parameters, ${whole(trained)} of them trained; ${bytes(memory.states)}`,
    `${whole(flops.evaluation)} FLOPs to evaluate a batch, ${whole(flops.step)} to train on it; at most ${bytes(memory.step)}`,
  ].join('\n')
}

function whole(count: number): string {
  return count.toLocaleString('en-US')
}

function bytes(count: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB']
  let [value, unit] = [count, 0]
  while (value >= 1024 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1]
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit] ?? ''}`
}

/** Layers and their sizes do not depend on what the rows are. */
function anyStatistics({ fields }: ModelData, field: string): FieldStatistics {
  const { shape = [] } = fields[field] ?? {}
  const each = (value: number) => new Array<number>(sizeOf(shape)).fill(value)
  const [mean, deviation] = [each(0), each(1)]
  return { shape, mean, deviation, least: mean, most: deviation, median: mean, mostFrequent: mean }
}
