/**
 * The saved models that a user means: a file, or those of a run:
 *
 *     digits.gradpool
 *     RUN/EXPERIMENT          RUN: a run directory, its name, or `latest`
 *     RUN/EXPERIMENT@SEED
 *     RUN/EXPERIMENT/STAGE
 */
import { UserError } from '@gradpool/core'
import { suggestion } from '@gradpool/experiments'
import { statSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import { findRun, isRun } from './find-run.js'
import { readRecord } from './read-run.js'
import type { RunRecord } from './run-record.js'
import { MODEL_FILE, readDoneStage } from './stage-files.js'

export interface StageModel {
  /** Of its file. */
  readonly path: string
  /** For people: `mnist_auto_1`, with seed and stage where these were asked for. */
  readonly title: string
}

type Experiment = RunRecord['experiments'][number]

/** A stage of a run, done or not. */
export interface StageOfRun {
  readonly directory: string
  readonly record: RunRecord
  readonly experiment: Experiment
  readonly stage: Experiment['stages'][number]
  readonly title: string
}

/**
 * The model that a file is, or that the stage asked for left behind, the experiment's last one where none is named.
 *
 * @param options `runs`: the folder of runs
 * @throws UserError with one sentence where there is none, or the stage is not done
 */
export async function findStageModel(target: string, options: { readonly runs: string }): Promise<StageModel> {
  if (isModelFile(target)) return { path: target, title: basename(target, '.gradpool') }
  const stages = await stagesOf(target, options)
  const last = stages.at(-1)
  if (last !== undefined && splitTarget(target, options.runs).experiment !== undefined) {
    return modelOfStage(last)
  }
  const name = stages[0]?.experiment.name ?? 'EXPERIMENT'
  throw new UserError(`'${target}' is a run: say whose model is meant, such as '${target}/${name}'`)
}

/** Whether it is a file, and not of a run. @throws UserError for one that is not there */
export function isModelFile(target: string): boolean {
  if (statSync(target, { throwIfNoEntry: false })?.isFile()) return true
  if (!target.endsWith('.gradpool')) return false
  throw new UserError(`there is no file '${target}'`)
}

/**
 * The stages of a run, of an experiment, or one, in the order of the run.
 *
 * @throws UserError where a name is of none
 */
export async function stagesOf(target: string, { runs }: { readonly runs: string }): Promise<StageOfRun[]> {
  const { run, experiment: asked, stage: stageAsked } = splitTarget(target, runs)
  const directory = await findRun(run, runs)
  const record = await readRecord(directory)
  const { experiments } = record
  const chosen = asked === undefined ? experiments : [experimentOf(experiments, asked, directory)]
  const stages = chosen.flatMap((experiment) =>
    experiment.stages.map((stage): StageOfRun => {
      const title = [asked ?? experiment.name, stageAsked ?? []].flat().join('/')
      return { directory, record, experiment, stage, title }
    }),
  )
  if (stageAsked === undefined) return stages
  const found = stages.filter(({ stage }) => stage.name === stageAsked)
  if (found.length > 0) return found
  const names = stages.map(({ stage }) => stage.name)
  throw new UserError(`${String(asked)} has no stage '${stageAsked}': ${suggestion(stageAsked, names)}`)
}

/** @throws UserError where the stage is not done, or its files are damaged */
export async function modelOfStage(one: StageOfRun): Promise<StageModel> {
  const { directory, record, experiment, stage, title } = one
  const folder = join(directory, 'stages', stage.hash)
  const { numerics } = record.engine
  if (await readDoneStage(folder, { hash: stage.hash, numerics })) {
    return { path: join(folder, MODEL_FILE), title }
  }
  throw new UserError(
    `the ${stage.name} stage of ${experiment.name} in '${directory}' is not done: \`gradpool resume\` finishes it`,
  )
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
    const [experiment, stage] = parts.slice(parts.length - numNames)
    if (isRun(run, runs)) return { run, experiment, stage }
  }
  const [run = '', experiment, stage] = parts
  // Then `findRun` says which runs there are.
  if (experiment !== undefined && parts.length <= 3) return { run, experiment, stage }
  throw new UserError(
    `'${target}' is neither a .gradpool file nor RUN/EXPERIMENT: RUN is a run directory, its name, or 'latest'`,
  )
}

/** The first of its name where no seed is asked for. */
function experimentOf(experiments: readonly Experiment[], asked: string, directory: string) {
  const [name = '', seed] = asked.split('@')
  const ofName = experiments.filter((one) => one.name === name)
  const found = ofName.find((one) => seed === undefined || String(one.seed) === seed)
  if (found !== undefined) return found
  const hint =
    ofName.length > 0
      ? `its seeds are ${ofName.map((one) => one.seed).join(', ')}`
      : suggestion(name, [...new Set(experiments.map((one) => one.name))])
  throw new UserError(`the run '${directory}' has no experiment '${asked}': ${hint}`)
}
