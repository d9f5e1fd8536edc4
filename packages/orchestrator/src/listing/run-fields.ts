/**
 * What of an experiment in a list of runs a name stands for, and whether it fits conditions such as `epochs>3`.
 *
 * A name is, in this order: a field of the run or the experiment (`status`, `seed`, `tag`); a metric, of the test where
 * it is there, else of the validation, else of the training; or a path into the configuration, of which the end
 * suffices (`batchSize` for `train.batchSize`).
 */
import { UserError } from '@gradpool/core'
import type { ExperimentSummary, RunSummary } from './run-summary.js'

export type FieldValue = string | number | boolean | null

/** Of an experiment, by these names; tags are several values. */
const FIELDS: Readonly<Record<string, (run: RunSummary, one: ExperimentSummary) => readonly FieldValue[]>> = {
  run: ({ name }) => [name],
  started: ({ started }) => [started],
  experiment: (_, { name }) => [name],
  seed: (_, { seed }) => [seed],
  status: (_, { status }) => [status],
  seconds: (_, { seconds }) => [seconds],
  epoch: (_, { epochs }) => [epochs],
  data: (_, { data }) => [data.name],
  engine: ({ engine }) => [engine],
  numerics: ({ numerics }) => [numerics],
  version: ({ version }) => [version],
  commit: ({ commit }) => [commit],
  tag: ({ tags }) => tags,
  note: ({ note }) => [note],
}

export const fieldNames: readonly string[] = Object.keys(FIELDS)

const JUDGED = ['', 'test.', 'validation.', 'training.']

/** Empty where there is nothing of this name. */
export function valuesOf(run: RunSummary, one: ExperimentSummary, name: string): readonly FieldValue[] {
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
  if (field !== undefined) return field(run, one).filter((value) => value !== null && value !== '')
  for (const prefix of JUDGED) {
    const metric = Object.hasOwn(one.metrics, prefix + name) ? one.metrics[prefix + name] : undefined
    if (metric !== undefined) return [metric]
  }
  const all = flatConfig(one.config)
  if (all.has(name)) return [all.get(name) ?? null]
  return [...all].flatMap(([path, value]) => (path.endsWith(`.${name}`) ? [value] : []))
}

/** The leaves of a configuration by their paths, such as `stages[0].hidden[1]`. */
export function flatConfig(config: unknown): ReadonlyMap<string, FieldValue> {
  const leaves = new Map<string, FieldValue>()
  const visit = (value: unknown, path: string) => {
    if (Array.isArray(value)) value.forEach((inner, at) => visit(inner, `${path}[${at}]`))
    else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) visit(inner, path === '' ? name : `${path}.${name}`)
    } else if (typeof value === 'number' || typeof value === 'boolean' || value === null) leaves.set(path, value)
    else if (typeof value === 'string') leaves.set(path, value)
  }
  visit(config, '')
  return leaves
}

export interface Condition {
  readonly name: string
  readonly operator: Operator
  readonly value: string
}

type Operator = keyof typeof OPERATORS

const OPERATORS = {
  '>=': (order: number) => order >= 0,
  '<=': (order: number) => order <= 0,
  '!=': (order: number) => order !== 0,
  '>': (order: number) => order > 0,
  '<': (order: number) => order < 0,
  '=': (order: number) => order === 0,
  '~': () => false,
} as const

/** @throws UserError for what is no condition */
export function parseCondition(typed: string): Condition {
  const [, name = '', operator = '', value = ''] =
    /^\s*([^\s<>=!~]+)\s*(>=|<=|!=|==|>|<|=|~)\s*(.*?)\s*$/s.exec(typed) ?? []
  const known = operator === '==' ? '=' : operator
  if (name === '' || value === '' || !isOperator(known)) {
    throw new UserError(
      `a condition is a name, one of = != > >= < <= ~ (has), and a value, such as 'accuracy>=0.9', not '${typed}'`,
    )
  }
  return { name, operator: known, value }
}

function isOperator(typed: string): typed is Operator {
  return Object.hasOwn(OPERATORS, typed)
}

/** Of several values one suffices, but for `!=`, which all must fit. What is not there fits `!=` alone. */
export function fits(run: RunSummary, one: ExperimentSummary, { name, operator, value }: Condition): boolean {
  const values = valuesOf(run, one, name)
  const holds = (its: FieldValue) =>
    operator === '~' ? has(String(its), value) : OPERATORS[operator](compareValues(its, value))
  return operator === '!=' ? values.every(holds) : values.some(holds)
}

/** As numbers where both are, else as texts. NaN, which fits no condition but `!=`, where one number is none. */
export function compareValues(a: FieldValue, b: FieldValue): number {
  const [x, y] = [numberOf(a), numberOf(b)]
  if (x !== undefined && y !== undefined) return Math.sign(x - y)
  if (typeof a === 'number' || typeof b === 'number') return NaN
  const [left, right] = [String(a), String(b)]
  return left < right ? -1 : Number(left > right)
}

function numberOf(value: FieldValue): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const number = Number(value)
  return Number.isNaN(number) ? undefined : number
}

/** Whether a text is anywhere in the names, tags, note, data or engine of a run. */
export function isFoundIn(run: RunSummary, one: ExperimentSummary, text: string): boolean {
  const texts = [run.name, one.name, one.data.name, run.engine, run.commit ?? '', run.note, ...run.tags]
  return texts.some((its) => has(its, text))
}

function has(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase())
}
