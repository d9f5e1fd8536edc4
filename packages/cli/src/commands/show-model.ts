/** What a saved model is: its layers, what it reads and predicts, how it was trained, its metrics, its hash. */
import { UserError } from '@gradpool/core'
import { sizeOf, type TableNames } from '@gradpool/core/engine'
import { tokensText } from '@gradpool/datasets'
import { type StageModel } from '@gradpool/orchestrator'
import {
  decodeSavedModel,
  type JsonValue,
  readRegular,
  reasonOf,
  type SavedModel,
  UNVERIFIED_DESCRIPTION,
} from '@gradpool/storage'
import { gridOf } from '../display/grid.js'
import { type Outlet } from '../display/outlet.js'
import { visibleIn } from '../display/visible-in.js'
import { typesText } from '../prediction/inputs.js'

/** Of a value that is no number: a confusion matrix. */
const MOST_TEXT = 200

/** @throws UserError for a file that is no saved model */
export async function showModel(
  { path, title }: StageModel,
  { json }: { readonly json: boolean },
  outlet: Outlet,
): Promise<void> {
  const saved = decodeSavedModel(await bytesOf(path), `'${path}'`)
  if (json) outlet.printJson(JSON.stringify(documentOf(saved, { path, title }), null, 2))
  else outlet.printColoured(textOf(saved, { path, title }, outlet))
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readRegular(path)
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw new UserError(`'${path}' cannot be read: ${reasonOf(cause)}`, { cause })
  }
}

/** Parameters and buffers; the optimizer's states have slashes in their names. */
function parametersOf({ states }: SavedModel) {
  return [...states]
    .filter(([name]) => !name.includes('/'))
    .map(([name, { shape }]) => ({ name, shape, size: sizeOf(shape) }))
}

/** How it was trained, as far as the file says. */
function trainingOf({ provenance, training }: SavedModel): Readonly<Record<string, JsonValue>> {
  const { gradpool, numerics, data, seed, epochs, options = {} } = provenance
  const steps = training && {
    numExamples: training.numExamples,
    batchSize: training.batchSize,
    microBatches: training.microBatches ?? 1,
    shuffle: training.shuffle,
  }
  const known = { data, seed, epochs, ...steps, ...options, numerics, gradpool }
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

function documentOf(saved: SavedModel, { path, title }: StageModel) {
  const { predict, weights, table, metrics, hash } = saved
  return {
    title,
    path,
    ...(weights !== undefined && { weights }),
    parameters: parametersOf(saved),
    inputs: predict?.fields ?? [],
    outputs: predict?.outputs ?? [],
    ...(table && { table }),
    training: trainingOf(saved),
    metrics,
    description: saved.description ?? 'verified',
    hash,
  }
}

function textOf(saved: SavedModel, { path, title }: StageModel, outlet: Outlet): string {
  const { predict, weights, table = {}, metrics, hash } = saved
  const facts: readonly (readonly [string, string])[] = visibleIn<readonly (readonly [string, string])[]>([
    ['reads', predict ? typesText(byName(predict.fields)) : 'nothing'],
    ['predicts', predict ? typesText(byName(predict.outputs)) : 'nothing'],
    ...(weights === undefined ? [] : [['weights', `stored as ${weights}`] as const]),
    ...namesIn(table),
    ...Object.entries(trainingOf(saved))
      .filter(([name, value]) => name !== 'microBatches' || value !== 1)
      .map(([name, value]) => [wordOf(name), valueText(value)] as const),
    ...flat(metrics).map(([name, value]) => [name, valueText(value)] as const),
    ...(saved.description === undefined ? [] : [['description', UNVERIFIED_DESCRIPTION] as const]),
    ['hash', hash],
  ])
  const width = Math.max(...facts.map(([name]) => name.length))
  const lines = facts.map(([name, text]) => `${name.padEnd(width)}  ${text}`)
  return [visibleIn(`Model ${title}: ${path}`), '', layersText(saved, outlet), '', ...lines].join('\n')
}

/** Of a model of a table or a text. */
function namesIn({
  target,
  columns,
  categories = {},
  missing,
  classNames,
  tokens,
  encoder,
}: TableNames): (readonly [string, string])[] {
  const ofColumns = columns?.map((column) => {
    return Object.hasOwn(categories, column) ? `${column} (${categories[column]?.join(', ') ?? ''})` : column
  })
  return [
    ...(ofColumns ? [['columns', cut(ofColumns.join(', '))] as const] : []),
    ...(target === undefined ? [] : [['learns', cut(target)] as const]),
    ...(encoder ? [['encoder', `makes ${encoder.to} of ${encoder.from}: ${encoder.hash}`] as const] : []),
    ...(classNames ? [['classes', cut(classNames.join(', '))] as const] : []),
    ...(tokens ? [['tokens', tokensText(tokens)] as const] : []),
    ...(missing === undefined
      ? []
      : [['missing', typeof missing === 'string' ? missing : String(missing.value)] as const]),
  ]
}

function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text
}

/** A row for each layer, with the shapes of its parameters. */
function layersText(saved: SavedModel, outlet: Outlet): string {
  const layers = new Map<string, { shapes: string[]; size: number }>()
  // The weight before its bias.
  const parameters = parametersOf(saved).toSorted((a, b) => b.size - a.size)
  for (const { name, shape, size } of parameters) {
    const dot = name.lastIndexOf('.')
    const [layer, own] = dot < 0 ? [name, ''] : [name.slice(0, dot), `${name.slice(dot + 1)} `]
    const entry = layers.get(layer) ?? { shapes: [], size: 0 }
    layers.set(layer, entry)
    entry.shapes.push(`${own}[${shape.join(', ')}]`)
    entry.size += size
  }
  const total = parameters.reduce((sum, { size }) => sum + size, 0)
  const rows = [...visibleIn([...layers])]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([layer, { shapes, size }]) => [layer, shapes.join(', '), count(size)])
  return gridOf(['layer', 'shapes', 'parameters'], [...rows, ['all', '', count(total)]], {
    columns: outlet.columns(),
    colours: outlet.colours,
    flexible: 1,
    right: [2],
  })
}

function byName<T extends { readonly name: string }>(specs: readonly T[]): Record<string, T> {
  return Object.fromEntries(specs.map((spec) => [spec.name, spec]))
}

/** `validation.loss` of what is nested. */
function flat(metrics: Readonly<Record<string, JsonValue>>): [string, JsonValue][] {
  return Object.entries(metrics).flatMap(([name, value]): [string, JsonValue][] =>
    isObject(value) ? flat(value).map(([inner, each]) => [`${name}.${inner}`, each]) : [[name, value]],
  )
}

function valueText(value: JsonValue): string {
  if (typeof value === 'number') {
    return Number.isInteger(value) ? count(value) : Number(value.toPrecision(4)).toString()
  }
  if (typeof value === 'string') return value
  if (isObject(value)) {
    const { name, hash, kind, ...fields } = value
    const own = Object.entries(fields).map(([field, each]) => `${wordOf(field)} ${valueText(each)}`)
    const title = name ?? kind
    const head = typeof title === 'string' ? [title] : []
    const tail = typeof hash === 'string' ? [`hash ${hash.slice(0, 16)}…`] : []
    return [...head, ...own, ...tail].join(', ')
  }
  return cut(JSON.stringify(value))
}

function isObject(value: JsonValue): value is Readonly<Record<string, JsonValue>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function count(value: number): string {
  return value.toLocaleString('en')
}

const WORDS: Readonly<Record<string, string>> = {
  numExamples: 'examples',
  gradpool: 'made by Gradpool',
}

/** `batchSize` is `batch size`. */
function wordOf(name: string): string {
  if (Object.hasOwn(WORDS, name)) return WORDS[name] ?? name
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
