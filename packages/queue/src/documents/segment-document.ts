/**
 * What a segment starts from and comes to, as safetensors files.
 *
 * The states that a round begins with are tensors by their names; the metadata says of which round they are, so that no
 * other document has the same bytes, and they may be deleted after it. Results have states under `state/` and results
 * with rows under `rows/`; their metadata has one text, `gradpool`: the JSON of everything else. Nothing in it depends
 * on who trained it.
 */
import { UserError } from '@gradpool/core'
import { stateSizes, type BatchProgram, type Position, type Program, type StateValues } from '@gradpool/core/engine'
import {
  decodeSafetensors,
  encodeSafetensors,
  hasFields,
  isCount,
  isHash,
  isText,
  type NamedArray,
  namedStates,
  valuesOf,
} from '@gradpool/storage'
import type { SegmentResult } from '@gradpool/trainer'
import { decodeJson, encodeJson, type Format, withNotFinite } from './json-document.js'

const STATES: Format = { format: 'gradpool-round', formatVersion: 1 }
const RESULT: Format = { format: 'gradpool-segment', formatVersion: 1 }

/** Beside states and rows: sums, and names. */
const MOST_TOLD_BYTES = 2 ** 24

/** Which round a document is of. */
export interface RoundOf {
  readonly stage: string
  /** Of the replica of most steps, at its beginning. */
  readonly step: number
}

/** Which segment a result is of. */
export interface SegmentOf {
  /** See `segmentName`. */
  readonly segment: string
  readonly step: number
  readonly steps: number
}

export function encodeRound(states: StateValues, program: Program, of: RoundOf): Uint8Array {
  return encodeSafetensors({
    tensors: new Map(namedStates(program, states)),
    metadata: { gradpool: encodeJson(STATES, of) },
  })
}

/**
 * @param where What the document is called in messages.
 * @throws UserError with one sentence for what are not the states of this program
 */
export function decodeRound(bytes: Uint8Array, program: Program, stage: string, where: string): StateValues {
  const { tensors, metadata } = decodeSafetensors(bytes, where)
  const about = decodeJson(metadata.gradpool ?? '', STATES, where)
  if (!hasFields(about, { stage: (its) => its === stage })) throw new UserError(`${where} are of another stage`)
  const states = valuesOf(tensors)
  checkSizes(states, stateSizes(program), where)
  return states
}

export function encodeSegment(
  { status, states, position }: SegmentResult,
  program: Program,
  segment: string,
): Uint8Array {
  const tensors = new Map<string, NamedArray>()
  for (const [name, array] of namedStates(program, states)) tensors.set(`state/${name}`, array)
  for (const [name, values] of Object.entries(position.rows)) {
    tensors.set(`rows/${name}`, { shape: [values.length], values })
  }
  const sums = Object.fromEntries(Object.entries(position.sums).map(([name, values]) => [name, bytesOf(values)]))
  const { step, since, lastLoss } = position
  const about = encodeJson(RESULT, { segment, status, step, since, sums, lastLoss })
  return encodeSafetensors({ tensors, metadata: { gradpool: about } })
}

/**
 * @param where What the document is called in messages.
 * @throws UserError with one sentence for what is no result of this segment
 */
export function decodeSegment(bytes: Uint8Array, program: Program, of: SegmentOf, where: string): SegmentResult {
  const wrong = (what: string) => new UserError(`${where} is not a whole result: ${what}`)
  const { tensors, metadata } = decodeSafetensors(bytes, where)
  const { lastLoss, ...told } = decodeJson(metadata.gradpool ?? '', RESULT, where)
  const about = { ...told, lastLoss: withNotFinite(lastLoss) }
  if (!hasFields(about, fields)) throw wrong('a field is missing or malformed')
  const { segment, status, step, since } = about
  if (segment !== of.segment) throw new UserError(`${where} is of another segment`)
  const ends = status === 'done' ? step === of.step + of.steps : step < of.step + of.steps
  if (since !== of.step || step < since || !ends) throw wrong('it is not of these steps')
  const parts = { state: new Map<string, NamedArray>(), rows: new Map<string, NamedArray>() }
  for (const [path, array] of tensors) {
    const slash = path.indexOf('/')
    const [part, name] = [path.slice(0, slash), path.slice(slash + 1)]
    if ((part !== 'state' && part !== 'rows') || name in {}) throw wrong('it has tensors of no name')
    parts[part].set(name, array)
  }
  const states = valuesOf(parts.state)
  const changed = new Set(program.updates.map(({ name }) => name))
  checkSizes(states, new Map([...stateSizes(program)].filter(([name]) => changed.has(name))), where)
  const sums: Record<string, Float64Array> = {}
  for (const [name, text] of Object.entries(about.sums)) sums[name] = doublesOf(text)
  const position: Position = { step, since, sums, rows: valuesOf(parts.rows), lastLoss: about.lastLoss }
  return { status, states, position }
}

/** The most that a document of this program has. */
export function mostSegmentBytes({ program, numExamples, batchSize }: BatchProgram): number {
  const states = [...stateSizes(program).values()].reduce((sum, size) => sum + 4 * size, 0)
  const rows = program.results.filter((result) => result.rows)
  const ofBatch = rows.reduce((sum, { node }) => sum + 4 * program.node(node).shape.reduce((a, b) => a * b, 1), 0)
  return states + (ofBatch / batchSize) * numExamples + MOST_TOLD_BYTES
}

function checkSizes(states: StateValues, sizes: ReadonlyMap<string, number>, where: string): void {
  const names = Object.keys(states)
  const isOf = names.length === sizes.size && names.every((name) => sizes.get(name) === states[name]?.length)
  if (!isOf) throw new UserError(`${where} has other states than its plan`)
}

/** JSON has no negative zero. */
function bytesOf(values: Float64Array): string {
  const bytes = Buffer.alloc(8 * values.length)
  for (const [at, value] of values.entries()) bytes.writeDoubleLE(value, 8 * at)
  return bytes.toString('base64')
}

function doublesOf(text: string): Float64Array {
  const bytes = Buffer.from(text, 'base64')
  return Float64Array.from({ length: Math.floor(bytes.length / 8) }, (_, at) => bytes.readDoubleLE(8 * at))
}

const fields = {
  segment: isHash,
  status: (value: unknown): value is SegmentResult['status'] => value === 'done' || value === 'notFinite',
  step: isCount,
  since: isCount,
  sums: (value: unknown): value is Readonly<Record<string, string>> =>
    hasFields(value, {}) && Object.values(value).every(isText),
  lastLoss: (value: unknown): value is number => typeof value === 'number',
}
