/**
 * From the bytes of a file to a saved model, without trust: nothing is evaluated, every Program is
 * checked node by node and against the tensors, and no memory is taken that the file does not have.
 */
import { UserError, type DType } from '@gradpool/core'
import {
  isTokens,
  Program,
  type BatchProgram,
  type MetricSpec,
  type PlateauState,
  type TableNames,
} from '@gradpool/core/engine'
import { parseJson } from '../bounded-json.js'
import { hasFields, isCount, isHash, isText } from '../json-checks.js'
import { decodeForeignSafetensors, type DecodeOptions } from '../safetensors.js'
import { withoutSeal } from '../sealed-json.js'
import { checkContent } from './check-content.js'
import { contentHash } from './encode.js'
import { reducedWeights, restoreWeights } from './reduced-weights.js'
import {
  FORMAT_VERSION,
  type ModelContent,
  type Provenance,
  type RowPrograms,
  type SavedModel,
  type SavedPrediction,
  type ValueSpec,
} from './saved-model.js'

const MAX_DEPTH = 32

/**
 * @param where What the file is called in messages.
 * @throws UserError with one sentence when the bytes are not a whole saved model of a known
 *   version.
 */
export function decodeSavedModel(bytes: Uint8Array, where: string, options: DecodeOptions = {}): SavedModel {
  const { content, hash, isSealed } = decodeContent(bytes, where, options)
  const changed = (what: string) => new UserError(`${where} was changed since it was saved: ${what}`)
  if (isSealed === false) throw changed('the checksum of its metadata does not match')
  if (hash !== contentHash(content)) throw changed('its hash is not that of its content')
  return { ...content, hash }
}

/**
 * @internal What is in a file, before its hash is checked.
 * @returns `isSealed`: whether the checksum of the metadata matches; undefined for a file of version 0.2, which has
 *   none
 */
export function decodeContent(
  bytes: Uint8Array,
  where: string,
  options: DecodeOptions = {},
): { readonly content: ModelContent; readonly hash: string; readonly isSealed: boolean | undefined } {
  const { tensors, metadata } = decodeForeignSafetensors(bytes, where, ['F32', 'F16', 'I8'], options)
  if (metadata.gradpool === undefined) {
    throw new UserError(`${where} is a safetensors file, but no model that Gradpool saved`)
  }
  const about = parseAbout(metadata.gradpool, where)
  const weights = reducedWeights.find((type) => type === about.weights)
  const states = restoreWeights(tensors, weights)
  if (weights !== about.weights || states === undefined) {
    throw new UserError(`${where} is not a whole saved model: its tensors are not of the types that it says`)
  }
  const content = {
    ...parseContent(about, { states, ...(weights && { weights }) }, where),
    ...(about.isSealed === undefined && ({ description: 'unverified' } as const)),
  }
  checkContent(content, where)
  return { content, hash: about.hash, isSealed: about.isSealed }
}

type About = Readonly<Record<string, unknown>> & { readonly hash: string; readonly isSealed: boolean | undefined }

function parseAbout(text: string, where: string): About {
  const sealed = withoutSeal(text)
  let about: unknown
  try {
    about = parseJson(sealed ?? text, MAX_DEPTH)
  } catch (cause) {
    throw new UserError(`${where} is not a whole saved model: its metadata is no JSON`, { cause })
  }
  if (!hasFields(about, { formatVersion: isCount, kind: isText, hash: isHash })) {
    throw new UserError(`${where} is not a whole saved model: its metadata has no version, kind or hash`)
  }
  const { formatVersion, kind, hash, provenance } = about
  if (formatVersion !== FORMAT_VERSION) {
    const by = hasFields(provenance, { gradpool: isText }) ? `, by Gradpool ${provenance.gradpool}` : ''
    throw new UserError(
      `${where} was saved in version ${formatVersion} of the format${by}; this Gradpool reads version ${FORMAT_VERSION}`,
    )
  }
  if (kind !== 'model') throw new UserError(`${where} has a ${kind} in it, not a model`)
  // Version 0.2 wrote one line, without a checksum.
  const hasSeal = 'checksum' in about || text.includes('\n')
  return { ...about, hash, isSealed: sealed === undefined && !hasSeal ? undefined : sealed !== undefined }
}

function parseContent(about: About, stored: Pick<ModelContent, 'states' | 'weights'>, where: string): ModelContent {
  const part = <T>(name: string, parse: (value: unknown) => T | undefined): T => {
    const parsed = parse(about[name])
    if (parsed !== undefined) return parsed
    throw new UserError(`${where} is not a whole saved model: its ${name} is malformed`)
  }
  return {
    ...stored,
    provenance: part('provenance', (value) => (isProvenance(value) ? value : undefined)),
    metrics: part('metrics', (value) => (isJsonObject(value) ? value : undefined)),
    ...(about.predict !== undefined && { predict: part('predict', parsePrediction) }),
    ...(about.evaluation !== undefined && { evaluation: part('evaluation', parseEvaluation) }),
    ...(about.training !== undefined && { training: part('training', (value) => parseBatchProgram(value)) }),
    ...(about.table !== undefined && { table: part('table', parseTable) }),
  }
}

function parsePrediction(value: unknown): SavedPrediction | undefined {
  if (!hasFields(value, { blockRows: isPositive, fields: isSpecs, outputs: isSpecs })) return undefined
  return { ...rowPrograms(value), fields: value.fields.map(specOf), outputs: value.outputs.map(specOf) }
}

function parseEvaluation(value: unknown): ModelContent['evaluation'] {
  if (!hasFields(value, { blockRows: isPositive, metrics: isMetrics })) return undefined
  return { ...rowPrograms(value), metrics: value.metrics }
}

function rowPrograms({ row, block, blockRows }: Record<string, unknown> & { readonly blockRows: number }): RowPrograms {
  return { row: Program.fromJSON(row), block: Program.fromJSON(block), blockRows }
}

const trainingFields = {
  batchSize: isPositive,
  numExamples: isPositive,
  microBatches: isOptional(isPositive),
  plateaus: isOptional(isPlateaus),
  shuffle: isBoolean,
  metrics: isMetrics,
}

/**
 * The BatchProgram that parsed JSON holds; undefined for what is none. Whether its parts belong together, see
 * `checkBatchProgram`.
 *
 * @param programOf what stands in the place of a Program as a Program. Default: its JSON does.
 * @throws UserError as `Program.fromJSON`
 */
export function parseBatchProgram(
  value: unknown,
  programOf: (value: unknown) => Program = (json) => Program.fromJSON(json),
): BatchProgram | undefined {
  if (!hasFields(value, trainingFields)) return undefined
  const { program, tail, batchSize, numExamples, shuffle, microBatches = 1, plateaus, metrics } = value
  if (microBatches > batchSize) return undefined
  return {
    batchSize,
    numExamples,
    shuffle,
    microBatches,
    ...(plateaus && { plateaus }),
    metrics,
    program: programOf(program),
    ...(tail !== undefined && { tail: programOf(tail) }),
  }
}

const tableFields = {
  target: isOptional(isText),
  columns: isOptional(isNames),
  categories: isOptional(isCategories),
  unknown: isOptional((value) => value === 'refuse' || value === 'zeros'),
  missing: isOptional(
    (value) =>
      value === 'mean' || value === 'median' || value === 'mostFrequent' || hasFields(value, { value: isNumber }),
  ),
  classNames: isOptional(isNames),
  tokens: isOptional(isTokens),
  encoder: isOptional((value) => hasFields(value, { hash: isHash, from: isText, to: isText })),
}

function parseTable(value: unknown): TableNames | undefined {
  if (!hasFields(value, tableFields)) return undefined
  const { target, columns, categories, unknown, missing, classNames, tokens, encoder } = value
  return {
    ...(target !== undefined && { target }),
    ...(columns && { columns }),
    ...(categories && { categories }),
    ...(unknown && { unknown }),
    ...(missing !== undefined && { missing: typeof missing === 'string' ? missing : { value: missing.value } }),
    ...(classNames && { classNames }),
    ...(tokens && { tokens }),
    ...(encoder && { encoder: { hash: encoder.hash, from: encoder.from, to: encoder.to } }),
  }
}

function specOf({ name, dtype, shape }: ValueSpec): ValueSpec {
  return { name, dtype, shape }
}

function isSpecs(value: unknown): value is readonly ValueSpec[] {
  const isSpec = (spec: unknown) => hasFields(spec, { name: isText, dtype: isDType, shape: isShape })
  return isListOf(value, isSpec) && new Set(value.map(({ name }) => name)).size === value.length
}

/** None twice. */
function isNames(value: unknown): value is readonly string[] {
  return isListOf(value, isText) && new Set(value).size === value.length
}

function isCategories(value: unknown): value is NonNullable<TableNames['categories']> {
  return hasFields(value, {}) && Object.values(value).every(isNames)
}

function isMetrics(value: unknown): value is readonly MetricSpec[] {
  return isListOf(value, (metric) =>
    hasFields(metric, {
      name: isText,
      kind: (kind) => kind === 'mean' || kind === 'means' || kind === 'rows',
      results: (results) => isJsonObject(results) && Object.values(results).every(isText),
      direction: (end) => end === undefined || end === 'min' || end === 'max',
      finish: isOptional(isText),
    }),
  )
}

function isPlateaus(value: unknown): value is readonly PlateauState[] {
  return isListOf(value, (plateau) => hasFields(plateau, { state: isText, patience: isPositive, minDelta: isNumber }))
}

function isProvenance(value: unknown): value is Provenance {
  return hasFields(value, {
    gradpool: isText,
    numerics: isOptional(isText),
    data: isOptional((data) => hasFields(data, { name: isText, hash: isText })),
    seed: isOptional(isNumber),
    epochs: isOptional(isCount),
    options: isOptional(isJsonObject),
  })
}

/** Of parsed JSON. */
function isJsonObject(value: unknown): value is ModelContent['metrics'] {
  return hasFields(value, {})
}

function isOptional<T>(is: (value: unknown) => value is T) {
  return (value: unknown): value is T | undefined => value === undefined || is(value)
}

function isListOf<T>(value: unknown, is: (value: unknown) => value is T): value is readonly T[] {
  return Array.isArray(value) && value.every(is)
}

function isShape(value: unknown): value is readonly number[] {
  return isListOf(value, isCount)
}

function isDType(value: unknown): value is DType {
  return value === 'f32' || value === 'i32' || value === 'u8'
}

function isPositive(value: unknown): value is number {
  return isCount(value) && value > 0
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}
