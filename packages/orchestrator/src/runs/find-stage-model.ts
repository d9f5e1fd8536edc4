/**
 * The saved models that a user means: a file, or those of a run:
 *
 *     digits.gradpool
 *     RUN/EXPERIMENT          RUN: a run directory, its name, or `latest`
 *     RUN/EXPERIMENT@SEED
 *     RUN/EXPERIMENT/STAGE
 */
import { UserError } from '@gradpool/core'
import { nearest } from '@gradpool/experiments'
import { statSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { findRun, isRun } from './find-run.js'
import { readRecord } from './read-run.js'
import type { RunRecord } from './run-record.js'
import { readDoneStage, STAGE_FILES } from './stage-files.js'

export interface StageModel {
  /** Of its file. */
  readonly path: string
  /** For people: `mnist_auto_1`, with seed and stage where these were asked for. */
  readonly title: string
}

/** A stage of a run, done or not. */
export interface StageOfRun {
  readonly directory: string
  readonly record: RunRecord
  readonly experiment: RunRecord['experiments'][number]
  readonly stage: RunRecord['experiments'][number]['stages'][number]
  readonly title: string
}

export interface FindOptions {
  /** The folder of runs. */
  readonly runs: string
}

/**
 * The model that a file is, or that the stage asked for left behind, the experiment's last one where none is named.
 *
 * @throws UserError with one sentence where there is none, or the stage is not done
 */
export async function findStageModel(target: string, { runs }: FindOptions): Promise<StageModel> {
  if (isModelFile(target)) return { path: target, title: basename(target, '.gradpool') }
  const { experiment } = splitTarget(target, runs)
  const stages = await stagesOf(target, { runs })
  const last = stages.at(-1)
  if (last === undefined || experiment === undefined) {
    const [{ name } = { name: 'EXPERIMENT' }] = stages.map((one) => one.experiment)
    throw new UserError(
      `'${target}' is a run: say whose model is meant, such as '${target}/${name}'`,
    )
  }
  return modelOfStage(last)
}

/** Whether it is a file, and not of a run. @throws UserError for one that is not there */
export function isModelFile(target: string): boolean {
  if (statSync(target, { throwIfNoEntry: false })?.isFile()) return true
  if (!target.endsWith('.gradpool')) return false
  throw new UserError(`there is no file '${target}'`)
}

/**
 * The stages of a run, of an experiment, or one, in the order of the run. An experiment without a seed is the first of its
 * name.
 *
 * @throws UserError where a name is of none
 */
export async function stagesOf(target: string, { runs }: FindOptions): Promise<StageOfRun[]> {
  const { run, experiment: asked, stage: stageName } = splitTarget(target, runs)
  const directory = await findRun(run, runs)
  const record = await readRecord(directory)
  const experiments =
    asked === undefined ? record.experiments : [experimentOf(record, asked, directory)]
  return experiments.flatMap((experiment) => {
    const names = experiment.stages.map(({ name }) => name)
    if (stageName !== undefined && !names.includes(stageName)) {
      const near = nearest(stageName, names)
      throw new UserError(
        `${experiment.name} has no stage '${stageName}': ${near === undefined ? `its stages are ${names.join(', ')}` : `did you mean '${near}'?`}`,
      )
    }
    return experiment.stages
      .filter(({ name }) => stageName === undefined || name === stageName)
      .map((stage) => {
        const title = [asked ?? experiment.name, ...(stageName === undefined ? [] : [stageName])]
        return { directory, record, experiment, stage, title: title.join('/') }
      })
  })
}

/** @throws UserError where the stage is not done, or its files are damaged */
export async function modelOfStage(one: StageOfRun): Promise<StageModel> {
  const { directory, record, experiment, stage, title } = one
  const folder = join(directory, 'stages', stage.hash)
  const wanted = { hash: stage.hash, numerics: record.engine.numerics }
  if ((await readDoneStage(folder, wanted)) === undefined) {
    throw new UserError(
      `the ${stage.name} stage of ${experiment.name} in '${directory}' is not done: \`gradpool resume\` finishes it`,
    )
  }
  return { path: join(folder, STAGE_FILES[0]), title }
}

interface Target {
  readonly run: string
  readonly experiment?: string | undefined
  readonly stage?: string | undefined
}

/** The path of a run may have slashes of its own. */
function splitTarget(target: string, runs: string): Target {
  const parts = target.replaceAll(sep, '/').split('/')
  for (const numNames of [0, 1, 2]) {
    const run = parts.slice(0, parts.length - numNames).join('/')
    if (!isRun(run, runs)) continue
    const [experiment, stage] = parts.slice(parts.length - numNames)
    return { run, experiment, stage }
  }
  // Then `findRun` says which runs there are.
  const [run = '', experiment, stage] = parts
  if (experiment !== undefined && parts.length <= 3) return { run, experiment, stage }
  throw new UserError(
    `'${target}' is neither a .gradpool file nor RUN/EXPERIMENT: RUN is a run directory, its name, or 'latest'`,
  )
}

function experimentOf({ experiments }: RunRecord, asked: string, directory: string) {
  const [name = '', seed] = asked.split('@')
  const found = experiments.find(
    (one) => one.name === name && (seed === undefined || String(one.seed) === seed),
  )
  if (found !== undefined) return found
  const ofName = experiments.filter((one) => one.name === name)
  const names = [...new Set(experiments.map((one) => one.name))]
  const near = nearest(name, names)
  const hint =
    ofName.length > 0
      ? `its seeds are ${ofName.map((one) => one.seed).join(', ')}`
      : near === undefined
        ? `it has ${names.join(', ')}`
        : `did you mean '${near}'?`
  throw new UserError(`the run '${directory}' has no experiment '${asked}': ${hint}`)
}
