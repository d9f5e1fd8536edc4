/** Whether what is asked now is what a run was begun with, and if not, what has changed. */
import { UserError } from '@gradpool/core'
import type { ExperimentPlan } from '@gradpool/experiments'
import { isDeepStrictEqual } from 'node:util'
import { findRuns, readRun } from './read-run.js'
import { type EngineTold, runRecord, type RunRecord } from './run-record.js'

type Asked = RunRecord['experiments'][number]

/** The most changes that a sentence names. */
const MAX_NAMED = 3

/** @throws UserError that names what has changed, if results of the two would be mixed. */
export function checkSameRun(path: string, before: RunRecord, now: RunRecord): void {
  const changes = changesOf(before, now)
  if (changes.length === 0) return
  const named = changes.slice(0, MAX_NAMED).join('; ')
  const more = changes.length > MAX_NAMED ? `; and ${changes.length - MAX_NAMED} more` : ''
  throw new UserError(`'${path}' cannot go on, as it would not come to what it was begun for: ${named}${more}`)
}

/** The latest run of the same stages that did not come to its end; undefined where there is none. */
export async function findResumable(
  plans: readonly ExperimentPlan[],
  engine: EngineTold,
  parent = 'runs',
): Promise<string | undefined> {
  const now = runRecord({ plans, engine, workers: 1, started: new Date(), record: {} })
  for (const directory of (await findRuns(parent)).reverse()) {
    const run = await readRun(directory).catch(() => undefined)
    if (run === undefined || changesOf(run.record, now).length > 0) continue
    const isOver = run.result?.experiments.every(({ status }) => status === 'done') === true
    return isOver ? undefined : directory
  }
  return undefined
}

function changesOf(before: RunRecord, now: RunRecord): string[] {
  const changes = new Set<string>()
  const [oldBits, newBits] = [before.engine.numerics, now.engine.numerics]
  if (oldBits !== newBits) {
    changes.add(
      `the engine '${now.engine.name}' does not compute the bits of '${before.engine.name}', ` +
        `with which it was begun (${newBits}, not ${oldBits})`,
    )
  }
  const [was, is] = [before.versions.gradpool, now.versions.gradpool]
  const later = new Map(now.experiments.map((one) => [keyOf(one), one]))
  for (const old of before.experiments) {
    const one = later.get(keyOf(old))
    later.delete(keyOf(old))
    if (one === undefined) changes.add(`${keyOf(old)} is missing`)
    else if (!isDeepStrictEqual(one.stages, old.stages)) {
      const own = [...dataChanges(old, one), ...configChanges(old, one)]
      if (own.length === 0) {
        own.push(
          was === is
            ? `a model of ${old.name} is another`
            : `Gradpool ${String(is)} trains ${old.name} otherwise than Gradpool ${String(was)}, which began it`,
        )
      }
      for (const change of own) changes.add(change)
    }
  }
  for (const key of later.keys()) changes.add(`${key} is new`)
  return [...changes]
}

function keyOf({ name, seed }: Asked): string {
  return `${name} with seed ${seed}`
}

function dataChanges({ data: was }: Asked, { data: is }: Asked): string[] {
  if (was.hash === is.hash) return []
  return [`the contents of the data ${was.name} are others (SHA-256 ${short(is)}, not ${short(was)})`]
}

function short({ hash }: Asked['data']): string {
  return `${hash.slice(0, 12)}…`
}

function configChanges(was: Asked, is: Asked): string[] {
  return differences(was.config, asJson(is.config), '').map((change) => `${was.name}: ${change}`)
}

/** `train.epochs was 3 and is 10`, for each leaf that differs. */
function differences(was: unknown, is: unknown, path: string): string[] {
  if (isDeepStrictEqual(was, is)) return []
  if (!isObject(was) || !isObject(is)) return [`${path} was ${shown(was)} and is ${shown(is)}`]
  const names = new Set([...Object.keys(was), ...Object.keys(is)])
  return [...names].flatMap((name) => differences(was[name], is[name], path === '' ? name : `${path}.${name}`))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function shown(value: unknown): string {
  if (value === undefined) return 'not there'
  const text = JSON.stringify(value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

/** As it would be read back. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
