/**
 * Figures of the stages of a run: those that are kept beside them, and those that are made now, which are kept then.
 */
import { UserError } from '@gradpool/core'
import { availableCores } from '@gradpool/core/engine'
import { datasetLoader, parseDataSpec, type DataSpec, type Dataset, type LoaderOptions } from '@gradpool/datasets'
import { modelOfStage, readRecord, type RunRecord } from '@gradpool/orchestrator'
import {
  decodeSavedModel,
  hasFields,
  isMissing,
  isText,
  messageOf,
  openSealed,
  readRegular,
  sealJson,
  writeDurably,
} from '@gradpool/storage'
import { dirname, join } from 'node:path'
import type { FigureData } from './examples.js'
import { figuresOf, umapThreads } from './figures-of.js'
import type { StageFigures } from './stage-figures.js'

const FORMAT = 'gradpool-figures'
const FORMAT_VERSION = 1
const MOST_BYTES = 2 ** 26

export interface RunFigures {
  /** By the hash of the stage. */
  readonly figures: Readonly<Record<string, StageFigures>>
  /** One sentence for each that is left out. */
  readonly missing: readonly string[]
}

export interface FiguresOptions extends Pick<LoaderOptions, 'directory'> {
  /**
   * Test examples by the hash of the stage, where they are in memory. Default: they are read as the run's record says.
   */
  readonly data?: ReadonlyMap<string, FigureData>
  /** Threads. Default: all cores. */
  readonly workers?: number
  /** Of this experiment alone. */
  readonly experiment?: string | undefined
  /** After so long, what is not made yet is left out. Default: everything is made. */
  readonly mostSeconds?: number
}

/** Stages whose figures a page has: some megabytes. Those of first seeds come first. */
const MOST_STAGES = 64

type Experiment = RunRecord['experiments'][number]

/** @throws UserError where there is no run in the directory, or its record is damaged */
export async function readFigures(directory: string, options: FiguresOptions = {}): Promise<RunFigures> {
  const record = await readRecord(directory)
  const { workers = availableCores() } = options
  const dataOf = testData(record, options)
  const stages = stagesOf(record.experiments.filter(({ name }) => name === (options.experiment ?? name)))
  const until = performance.now() + 1000 * (options.mostSeconds ?? Infinity)
  const umap = umapThreads(workers)
  const waiting = stages.slice(0, MOST_STAGES)
  const made = new Map<string, StageFigures | UserError>()
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { experiment, stage } = next
      try {
        const { path } = await modelOfStage({ directory, record, experiment, stage, title: experiment.name })
        const kept = join(dirname(path), 'figures.json')
        const known = await readKept(kept, stage.hash)
        if (known === undefined && performance.now() > until) {
          throw new UserError('its figures are not made yet: `gradpool report` makes them')
        }
        const figures =
          known ??
          (await figuresOf(
            decodeSavedModel(await readRegular(path), `'${path}'`),
            await dataOf(experiment, stage.hash),
            {
              seed: experiment.seed,
              runUmap: umap.run,
            },
          ))
        made.set(stage.hash, figures)
        if (known === undefined) await keep(kept, stage.hash, figures)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        made.set(stage.hash, error)
      }
    }
  }
  try {
    // While one stage waits for a thread, another one is read.
    await Promise.all([work(), work()])
  } finally {
    await umap.close()
  }
  const left = stages.length - MOST_STAGES
  const missing = left > 0 ? [`${left} stages of later seeds have no figures`] : []
  const figures: Record<string, StageFigures> = {}
  for (const { experiment, stage } of stages) {
    const one = made.get(stage.hash)
    if (one instanceof UserError) missing.push(`${experiment.name} ${stage.name}: ${one.message}`)
    else if (one !== undefined) figures[stage.hash] = one
  }
  return { figures, missing }
}

/** Each once, those of the first seed of every experiment before those of the second. */
function stagesOf(experiments: readonly Experiment[]) {
  const counts = new Map<string, number>()
  const turns = experiments.map((experiment) => {
    const turn = counts.get(experiment.name) ?? 0
    counts.set(experiment.name, turn + 1)
    return { experiment, turn }
  })
  const found = new Map<string, { experiment: Experiment; stage: Experiment['stages'][number] }>()
  for (const { experiment } of turns.sort((a, b) => a.turn - b.turn)) {
    for (const stage of experiment.stages) if (!found.has(stage.hash)) found.set(stage.hash, { experiment, stage })
  }
  return [...found.values()]
}

/** Undefined where there are none, or not of this stage and version: they are made again. */
async function readKept(path: string, hash: string): Promise<StageFigures | undefined> {
  try {
    const { value, isWhole } = openSealed(String(await readRegular(path, { most: MOST_BYTES })))
    return isWhole && isKept(value) && value.hash === hash ? value.figures : undefined
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError || error instanceof UserError) return undefined
    throw error
  }
}

/** As far as it has to be: the seal says that the rest is as it was written. */
function isKept(value: unknown): value is { readonly hash: string; readonly figures: StageFigures } {
  return hasFields(value, {
    format: (format) => format === FORMAT,
    formatVersion: (version) => version === FORMAT_VERSION,
    hash: isText,
    figures: (figures) => hasFields(figures, {}),
  })
}

/** Where they cannot be written, they are made again the next time. */
async function keep(path: string, hash: string, figures: StageFigures): Promise<void> {
  const text = sealJson({ format: FORMAT, formatVersion: FORMAT_VERSION, hash, figures })
  await writeDurably(path, text).catch(() => undefined)
}

function testData({ record }: RunRecord, { data, directory }: FiguresOptions) {
  const own = isText(record.data) ? record.data : undefined
  const load = datasetLoader({ directory: directory ?? own })
  return async (experiment: Experiment, hash: string): Promise<FigureData> => {
    const known = data?.get(hash)
    if (known !== undefined) return known
    const { config } = experiment
    const spec = hasFields(config, {}) ? config.data : undefined
    const dataset = await load(specOf(spec)).catch((error: unknown) => {
      throw new UserError(`its data cannot be read: ${messageOf(error)}`, { cause: error })
    })
    if (dataset.hash !== experiment.data.hash) {
      throw new UserError(`${dataset.name} is not what it was trained on`)
    }
    return figureData(dataset)
  }
}

/** @throws UserError for data of no files */
function specOf(value: unknown): DataSpec {
  try {
    return parseDataSpec(value)
  } catch (error) {
    throw new UserError('its data were in memory, and are gone', { cause: error })
  }
}

/** @throws UserError where no examples are held out */
function figureData({ name, splits, imageShape, classNames, target }: Dataset): FigureData {
  const test = splits.test ?? splits.validation
  if (test === undefined) throw new UserError(`${name} has no test examples`)
  return { test, imageShape, classNames, target }
}
