/**
 * A training's plan as JSON. Programs, fields of data and long lists of rows are named by the hash of their bytes, so
 * that all plans that have them share them:
 *
 *     { "format": "gradpool-plan", "formatVersion": 1,
 *       "name", "hash", "seed", "epochs", "keep", "work", "monitor", "earlyStopping", "initFrom", "transferredStates",
 *       "training", "averaging": { "every", "replicas" }, "validation", "test", "predictions" }
 *
 * and of each pass:
 *
 *     { "batchSize", "numExamples", "shuffle", "microBatches", "plateaus", "metrics",
 *       "program": { "blob", "bytes" }, "tail": { "blob", "bytes" },
 *       "fields": { "image": { "dtype", "shape", "blob", "bytes" } },
 *       "rows": { "from", "count" } | { "inline" } | { "blob", "bytes" },
 *       "reading": { "shuffle", "windowBytes" } }
 *
 * Programs are their JSON; values and rows are little-endian, values of a field as they lie in memory.
 */
import { UserError } from '@gradpool/core'
import { bytesPerElement, Program, type Field, type Reading, sizeOf } from '@gradpool/core/engine'
import { checkBatchProgram, hasFields, isCount, isHash, isText, parseBatchProgram, parseJson } from '@gradpool/storage'
import type { Pass, TrainingPlan } from '@gradpool/trainer/plan'
import type { Content } from '../job.js'
import { type Blob, isBlob, isContent } from './content.js'
import { decodeJson, encodeJson, type Format } from './json-document.js'

const FORMAT: Format = { format: 'gradpool-plan', formatVersion: 1 }

/** Of a document: its Programs and data are blobs. */
export const MOST_PLAN_BYTES = 2 ** 22
/** Of the JSON of a Program, whose size is checked by node. */
export const MOST_PROGRAM_BYTES = 2 ** 26
/** A Program, its nodes, a node, its attributes, one of them. */
const PROGRAM_DEPTH = 6

/** A field without its values. */
export interface FieldDocument extends Blob, Pick<Field, 'dtype' | 'shape'> {}

export type RowsDocument = { readonly from: number; readonly count: number } | Content

/** A pass whose Programs, values and rows are not there yet. */
export interface PassDocument {
  /** All of a BatchProgram, with blobs in the place of Programs. */
  readonly batches: Readonly<Record<string, unknown>> & { readonly numExamples: number; readonly program: Blob }
  readonly tail: Blob | undefined
  readonly fields: Readonly<Record<string, FieldDocument>>
  readonly rows: RowsDocument
  readonly reading: Reading | undefined
}

/** A plan whose passes are documents. */
export interface PlanDocument {
  readonly plan: Omit<TrainingPlan, PassName | 'averaging'>
  readonly passes: ReadonlyMap<PassName, PassDocument>
  readonly averaging: { readonly every: number; readonly replicas: readonly PassDocument[] } | undefined
}

type PassName = (typeof passNames)[number]

const passNames = ['training', 'validation', 'test', 'predictions'] as const

/** What a document says instead of what it has not in it. */
export interface Written {
  /** The same for the same pass. @param make what it is then */
  pass(pass: Pass, make: () => Promise<object>): Promise<object>
  program(program: Program): Promise<Blob>
  field(field: Field): Promise<Blob>
  rows(rows: Int32Array): Promise<Content>
}

/** What stands for what the document says. */
export interface Found {
  program(blob: Blob): Program
  values(field: FieldDocument): Field['values']
  rows(rows: RowsDocument): Int32Array
}

/** @throws UserError for a metric that ends in a function of the user's own */
export async function encodePlan(plan: TrainingPlan, written: Written): Promise<Uint8Array> {
  const { name, hash, seed, epochs, keep, work, monitor, earlyStopping, initFrom, transferredStates } = plan
  const { averaging } = plan
  const passOf = (pass: Pass) => written.pass(pass, () => encodePass(pass, name, written))
  const passes: Partial<Record<PassName, object>> = {}
  for (const each of passNames) {
    const pass = plan[each]
    if (pass) passes[each] = await passOf(pass)
  }
  const replicas: object[] = []
  for (const pass of averaging?.replicas ?? []) replicas.push(await passOf(pass))
  return new TextEncoder().encode(
    encodeJson(FORMAT, {
      name,
      hash,
      seed,
      epochs,
      keep,
      work,
      monitor,
      earlyStopping,
      initFrom,
      transferredStates,
      ...passes,
      ...(averaging && { averaging: { every: averaging.every, replicas } }),
    }),
  )
}

async function encodePass({ program, data }: Pass, title: string, written: Written): Promise<object> {
  const { batchSize, numExamples, shuffle, microBatches, plateaus, metrics } = program
  for (const metric of metrics) {
    if ('finish' in metric && typeof metric.finish === 'function') {
      throw new UserError(
        `${title} cannot be trained over a queue: its metric '${metric.name}' ends in a function of its own, and jobs carry no code; use one of Gradpool's by \`finisher\``,
      )
    }
  }
  const byLength = data.reading?.shuffle && 'byLength' in data.reading.shuffle ? [data.reading.shuffle.byLength] : []
  const names = new Set([...program.program.fields.map((field) => field.name), ...byLength])
  const fields: Record<string, FieldDocument> = {}
  for (const name of [...names].sort()) {
    const field = data.fields[name]
    if (field) fields[name] = { dtype: field.dtype, shape: field.shape, ...(await written.field(field)) }
  }
  return {
    batchSize,
    numExamples,
    shuffle,
    microBatches,
    plateaus,
    metrics,
    fields,
    reading: data.reading,
    program: await written.program(program.program),
    ...(program.tail && { tail: await written.program(program.tail) }),
    rows: rangeOf(data.rows) ?? (await written.rows(data.rows)),
  }
}

/** Rows that follow one another. */
function rangeOf(rows: Int32Array): RowsDocument | undefined {
  const [from = 0] = rows
  return rows.every((row, at) => row === from + at) ? { from, count: rows.length } : undefined
}

/**
 * @param where What the document is called in messages.
 * @throws UserError with one sentence for what is no plan. No memory is taken for what it tells of.
 */
export function decodePlan(bytes: Uint8Array, where: string): PlanDocument {
  const value = decodeJson(Buffer.from(bytes).toString(), FORMAT, where)
  const wrong = (what: string) => new UserError(`${where} is not a whole plan: ${what}`)
  if (!hasFields(value, planFields)) throw wrong('a field is missing or malformed')
  const { name, hash, seed, epochs, keep, work, monitor, earlyStopping, initFrom, transferredStates } = value
  const passOf = (pass: unknown, what: string) => {
    const parsed = parsePass(pass)
    if (parsed === undefined) throw wrong(`its ${what} is malformed`)
    return parsed
  }
  const passes = new Map<PassName, PassDocument>()
  for (const each of passNames) if (value[each] !== undefined) passes.set(each, passOf(value[each], each))
  if (!passes.has('training')) throw wrong('it has no training')
  return {
    plan: {
      name,
      hash,
      seed,
      epochs,
      keep,
      work,
      ...(monitor && { monitor }),
      ...(earlyStopping && { earlyStopping }),
      ...(initFrom !== undefined && { initFrom }),
      ...(transferredStates && { transferredStates }),
    },
    passes,
    averaging: value.averaging && {
      every: value.averaging.every,
      replicas: value.averaging.replicas.map((replica) => passOf(replica, 'averaging')),
    },
  }
}

/** All passes of a plan, with what each is called. */
export function passesOf({ passes, averaging }: PlanDocument): readonly (readonly [string, PassDocument])[] {
  const replicas = averaging?.replicas ?? []
  return [...passes, ...replicas.map((replica) => ['averaging', replica] as const)]
}

/**
 * The plan of a document.
 *
 * @throws UserError with one sentence for parts that do not belong together
 */
export function planOf(document: PlanDocument, found: Found, where: string): TrainingPlan {
  const passOf = (what: string, pass: PassDocument) => makePass(what, pass, found, where)
  const made = Object.fromEntries([...document.passes].map(([name, pass]) => [name, passOf(name, pass)]))
  const { training, ...others } = made
  if (training === undefined) throw new UserError(`${where} is not a whole plan: it has no training`)
  const { averaging, plan } = document
  return {
    ...plan,
    training,
    ...others,
    ...(averaging && {
      averaging: {
        every: averaging.every,
        replicas: averaging.replicas.map((replica) => passOf('averaging', replica)),
      },
    }),
  }
}

/** The Program in a blob. @throws UserError with one sentence for what is none */
export function decodeProgram(bytes: Uint8Array, where: string): Program {
  let value: unknown
  try {
    value = parseJson(Buffer.from(bytes).toString(), PROGRAM_DEPTH)
  } catch {
    throw new UserError(`${where} is no Program: it is not JSON`)
  }
  return Program.fromJSON(value)
}

export function encodeProgram(program: Program): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(program))
}

function makePass(what: string, { batches, tail, fields, rows, reading }: PassDocument, found: Found, where: string) {
  const wrong = (how: string) => new UserError(`${where} is not a whole plan: its ${what} ${how}`)
  const program = parseBatchProgram({ ...batches, tail }, (blob) => {
    if (isBlob(blob)) return found.program(blob)
    throw wrong('names no Program')
  })
  if (program === undefined) throw wrong('is malformed')
  checkBatchProgram(what, program, where)
  const own = Object.entries(fields).map(([name, field]): [string, Field] => {
    const { dtype, shape } = field
    return [name, { dtype, shape, values: found.values(field) }]
  })
  const numbers = found.rows(rows)
  if (numbers.length !== program.numExamples) throw wrong(`has ${numbers.length} rows, not ${program.numExamples}`)
  return { program, data: { fields: Object.fromEntries(own), rows: numbers, ...(reading && { reading }) } }
}

/** Rows that follow one another. */
export function rowsFrom({ from, count }: { readonly from: number; readonly count: number }): Int32Array {
  const rows = new Int32Array(count)
  for (let at = 0; at < count; at++) rows[at] = from + at
  return rows
}

const MOST_ROWS = 2 ** 31 - 1

function parsePass(value: unknown): PassDocument | undefined {
  if (!hasFields(value, passFields)) return undefined
  const { fields, rows, reading, tail, numExamples, program, ...rest } = value
  // Its rows are so many, or it is no pass: so many is what memory is taken for.
  if ('count' in rows && rows.count !== numExamples) return undefined
  if ('blob' in rows && rows.bytes !== 4 * numExamples) return undefined
  return { batches: { ...rest, numExamples, program }, tail, fields, rows, reading }
}

const passFields = {
  numExamples: (value: unknown): value is number => isPositive(value) && value <= MOST_ROWS,
  program: isProgramBlob,
  tail: isOptional(isProgramBlob),
  fields: isFields,
  rows: isRows,
  reading: isOptional(isReading),
}

function isProgramBlob(value: unknown): value is Blob {
  return isBlob(value) && value.bytes <= MOST_PROGRAM_BYTES
}

function isFields(value: unknown): value is PassDocument['fields'] {
  return hasFields(value, {}) && Object.entries(value).every(([name, field]) => !(name in {}) && isField(field))
}

function isField(value: unknown): value is FieldDocument {
  if (!isBlob(value) || !hasFields(value, { dtype: isDType, shape: isShape })) return false
  const rowBytes = sizeOf(value.shape) * bytesPerElement[value.dtype]
  return rowBytes > 0 && Number.isSafeInteger(rowBytes) && value.bytes % rowBytes === 0
}

function isRows(value: unknown): value is RowsDocument {
  return hasFields(value, { from: isCount, count: isRowCount })
    ? value.from + value.count <= MOST_ROWS
    : isContent(value)
}

function isRowCount(value: unknown): value is number {
  return isCount(value) && value <= MOST_ROWS
}

function isReading(value: unknown): value is Reading {
  return hasFields(value, {
    windowBytes: isOptional(isPositive),
    shuffle: (shuffle) =>
      shuffle === undefined ||
      hasFields(shuffle, { blockRows: isPositive, groupBlocks: isPositive }) ||
      hasFields(shuffle, { byLength: isText, poolBatches: isPositive }),
  })
}

const planFields = {
  name: isText,
  hash: isHash,
  seed: (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 32,
  epochs: isPositive,
  keep: (value: unknown): value is TrainingPlan['keep'] => value === 'last' || value === 'best',
  work: isNumber,
  monitor: isOptional(isMonitor),
  earlyStopping: isOptional((value): value is NonNullable<TrainingPlan['earlyStopping']> =>
    hasFields(value, { monitor: isMonitor, patience: isPositive, minDelta: isNumber }),
  ),
  initFrom: isOptional(isHash),
  transferredStates: isOptional(isTexts),
  averaging: isOptional((value): value is { every: number; replicas: readonly unknown[] } =>
    hasFields(value, { every: isPositive, replicas: (replicas) => Array.isArray(replicas) && replicas.length > 1 }),
  ),
}

function isMonitor(value: unknown): value is NonNullable<TrainingPlan['monitor']> {
  return hasFields(value, { name: isText, mode: (mode) => mode === 'min' || mode === 'max' })
}

function isOptional<T>(is: (value: unknown) => value is T) {
  return (value: unknown): value is T | undefined => value === undefined || is(value)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText)
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isCount)
}

function isDType(value: unknown): value is Field['dtype'] {
  return value === 'f32' || value === 'i32' || value === 'u8'
}

function isPositive(value: unknown): value is number {
  return isCount(value) && value > 0
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
