/** Saved models that take one image, of runs and of files, and what they make of a drawing. */
import { UserError, type DType, type Shape } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { asDigit, resampled, type Picture as GreyPicture } from '@gradpool/datasets'
import { readRecord } from '@gradpool/orchestrator'
import { decodeSavedModel, isMissing, readRegular } from '@gradpool/storage'
import { loadModel } from '@gradpool/trainer'
import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Drawn, ModelRow, Picture } from '../api.js'
import type { WatchedList } from '../watching/watched-list.js'

export interface ModelFile {
  /** For people. */
  readonly title: string
  readonly path: string
}

/** What an index of codes has that is most like an image. */
export type FindNeighbours = (index: string, image: GreyPicture) => Promise<Drawn['neighbours'] & object>

export interface ImageModelsOptions {
  readonly list: WatchedList
  /** Besides those of runs. */
  readonly files: readonly ModelFile[]
  readonly neighbours: FindNeighbours | undefined
}

/** The latest, of which models are shown. */
const MOST_RUNS = 20
const MOST_LOADED = 4
const DIGIT = 28
const MOST_CLASSES = 1000
const RECONSTRUCTIONS = ['reconstruction', 'image']

interface Candidate extends ModelFile {
  readonly run: string | null
  /** What makes neighbours: RUN/EXPERIMENT/STAGE, or the file. */
  readonly target: string
}

/** What is told of it in its file. */
interface Told {
  readonly input: { readonly name: string; readonly dtype: DType }
  readonly shape: ModelRow['shape']
  readonly outputs: ReadonlyMap<string, Shape>
  readonly classes: readonly string[] | null
}

interface Known {
  readonly row: ModelRow
  readonly told: Told
  readonly path: string
}

export class ImageModels {
  readonly #options: ImageModelsOptions
  /** By path, and what its file was when it was read; null where it takes no image. */
  readonly #read = new Map<string, { readonly signature: string; readonly told: Told | null }>()
  readonly #loaded = new Map<string, ReturnType<typeof loadModel>>()
  #known: ReadonlyMap<string, Known> = new Map()
  /** Drawings are computed one after the other: the machine may be training. */
  #drawing: Promise<unknown> = Promise.resolve()

  constructor(options: ImageModelsOptions) {
    this.#options = options
  }

  async list(): Promise<ModelRow[]> {
    const known = new Map<string, Known>()
    for (const candidate of await this.#candidates()) {
      const told = await this.#toldIn(candidate.path)
      if (told === undefined) continue
      const row = this.#rowOf(candidate, told)
      known.set(row.id, { row, told, path: candidate.path })
    }
    this.#known = known
    return [...known.values()].map(({ row }) => row)
  }

  /** Undefined where there is no such model. @throws UserError for a drawing in which nothing is to be seen */
  async draw(id: string, picture: Picture): Promise<Drawn | undefined> {
    if (!this.#known.has(id)) await this.list()
    const known = this.#known.get(id)
    if (known === undefined) return undefined
    const drawing = this.#drawing.then(() => this.#draw(known, picture))
    this.#drawing = drawing.catch(() => undefined)
    return drawing
  }

  async dispose(): Promise<void> {
    await this.#drawing
    await Promise.all([...this.#loaded.values()].map(async (model) => (await model).dispose()))
    this.#loaded.clear()
  }

  /** Files first, then those of the latest runs; the same stage of several runs is there once. */
  async #candidates(): Promise<Candidate[]> {
    const { list, files } = this.#options
    const found: Candidate[] = files.map((file) => ({ ...file, run: null, target: file.path }))
    const seen = new Set<string>()
    const { runs } = await list.read()
    for (const { name: run } of runs.slice(-MOST_RUNS).reverse()) {
      const record = await readRecord(join(list.folder, run)).catch(() => undefined)
      const names = new Set<string>()
      for (const { name: experiment, stages } of record?.experiments ?? []) {
        // Of several seeds, the first.
        if (names.has(experiment)) continue
        names.add(experiment)
        for (const { name: stage, hash } of stages) {
          const folder = join(list.folder, run, 'stages', hash)
          if (seen.has(hash) || !existsSync(join(folder, 'done'))) continue
          seen.add(hash)
          const title = stages.length > 1 ? `${experiment} / ${stage}` : experiment
          found.push({ title, path: join(folder, 'model.gradpool'), run, target: `${run}/${experiment}/${stage}` })
        }
      }
    }
    return found
  }

  #rowOf({ title, path, run, target }: Candidate, { shape, outputs, classes }: Told): ModelRow {
    const index = indexOf(path)
    const hasNeighbours = this.#options.neighbours !== undefined && existsSync(index)
    const canHave = this.#options.neighbours !== undefined && outputs.has('code') && shape[2] === 1
    const parts = [
      'npx gradpool index build',
      inShell(target),
      ...(run === null ? ['--data mnist'] : ['--runs', inShell(this.#options.list.folder)]),
    ]
    return {
      id: createHash('sha256').update(path).digest('hex').slice(0, 16),
      title,
      run,
      shape,
      classes,
      hasClasses: classesIn(outputs) !== undefined,
      hasReconstruction: reconstructionIn(outputs, shape) !== undefined,
      hasNeighbours,
      indexCommand: canHave && !hasNeighbours ? [...parts, '--out', inShell(index)].join(' ') : null,
    }
  }

  /** Undefined where it takes no image, or cannot be read. */
  async #toldIn(path: string): Promise<Told | undefined> {
    const signature = signatureOf(path)
    const before = this.#read.get(path)
    if (before?.signature === signature) return before.told ?? undefined
    const told = await readTold(path)
    this.#read.set(path, { signature, told: told ?? null })
    return told
  }

  async #draw({ path, told, row }: Known, picture: Picture): Promise<Drawn> {
    const { input, shape, outputs, classes } = told
    const [height, width, channels] = shape
    const pixels = prepared(picture, shape)
    const model = await this.#load(path)
    const values = input.dtype === 'u8' ? pixels : Float32Array.from(pixels, (value) => value / 255)
    const predicted = await model.predict({ [input.name]: values })
    const probabilities = probabilitiesIn(predicted, outputs)
    const named = probabilities?.map((probability, at) => ({ name: classes?.[at] ?? String(at), probability }))
    const reconstruction = predicted[reconstructionIn(outputs, shape) ?? '']
    const index = indexOf(path)
    const isSearched = row.hasNeighbours && existsSync(index)
    const neighbours = isSearched ? await this.#options.neighbours?.(index, { pixels, height, width }) : undefined
    return {
      shown: { height, width, channels, pixels: Array.from(pixels) },
      ...(named && { classes: named.sort((a, b) => b.probability - a.probability) }),
      ...(reconstruction && { reconstruction: { height, width, channels, pixels: greys(reconstruction) } }),
      ...(neighbours && { neighbours }),
    }
  }

  /** The last few are kept. */
  async #load(path: string): ReturnType<typeof loadModel> {
    const key = `${path} ${signatureOf(path)}`
    const model = this.#loaded.get(key) ?? loadModel(path)
    this.#loaded.delete(key)
    this.#loaded.set(key, model)
    model.catch(() => this.#loaded.delete(key))
    const [oldest] = this.#loaded.keys()
    if (this.#loaded.size > MOST_LOADED && oldest !== undefined) {
      const old = this.#loaded.get(oldest)
      this.#loaded.delete(oldest)
      await (await old)?.dispose()
    }
    return model
  }
}

/** Beside a model: what `gradpool index build --out` wrote of its codes. */
export const indexOf = (path: string): string => path.replace(/(\.gradpool)?$/, '.index')

/** As a shell takes it for one argument. */
function inShell(text: string): string {
  return /^[\w./:\\@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

function signatureOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return found === undefined ? '' : [found.ino, found.size, found.mtimeMs].join(' ')
}

async function readTold(path: string): Promise<Told | undefined> {
  let saved
  try {
    saved = decodeSavedModel(await readRegular(path), `'${basename(path)}'`)
  } catch (error) {
    if (error instanceof UserError || isMissing(error)) return undefined
    throw error
  }
  const { fields = [], outputs = [] } = saved.predict ?? {}
  const [input, ...others] = fields
  if (input === undefined || others.length > 0 || !['u8', 'f32'].includes(input.dtype)) return undefined
  const shape = imageShapeOf(input.shape)
  if (shape === undefined) return undefined
  return {
    input,
    shape,
    outputs: new Map(outputs.map((output) => [output.name, output.shape])),
    classes: saved.table?.classNames ?? null,
  }
}

/** Height and width and channels of an image; a flat one is a square. */
function imageShapeOf(shape: Shape): ModelRow['shape'] | undefined {
  const [height = 0, width = 0, channels = 1] = shape
  if (shape.length === 2 && width > 4) return [height, width, 1]
  if (shape.length === 3) return channels === 1 || channels === 3 ? [height, width, channels] : undefined
  const side = Math.sqrt(height)
  return shape.length === 1 && Number.isInteger(side) && side > 4 ? [side, side, 1] : undefined
}

function reconstructionIn(outputs: Told['outputs'], shape: ModelRow['shape']): string | undefined {
  return RECONSTRUCTIONS.find((name) => outputs.has(name) && sizeOf(outputs.get(name) ?? []) === sizeOf(shape))
}

type Predicted = Readonly<Record<string, ArrayLike<number>>>

/** The output that tells how probable each class is. */
function classesIn(outputs: Told['outputs']): 'probabilities' | 'logits' | undefined {
  return (['probabilities', 'logits'] as const).find((name) => {
    const [count = 0, ...more] = outputs.get(name) ?? []
    return count > 1 && count <= MOST_CLASSES && more.length === 0
  })
}

function probabilitiesIn(predicted: Predicted, outputs: Told['outputs']): number[] | undefined {
  const name = classesIn(outputs)
  if (name === undefined) return undefined
  if (name === 'probabilities') return Array.from(predicted.probabilities ?? [])
  const logits = Array.from(predicted.logits ?? [])
  const largest = Math.max(...logits)
  const powers = logits.map((logit) => Math.exp(logit - largest))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

/** As the images were that the model learned from, as far as it is known: a digit as those of MNIST. */
function prepared(picture: Picture, [height, width, channels]: ModelRow['shape']): Uint8Array {
  const planes = Array.from({ length: channels }, (_, channel) => planeOf(picture, channels === 1 ? null : channel))
  const [grey] = planes
  if (grey !== undefined && channels === 1 && height === DIGIT && width === DIGIT) {
    return asDigit(grey, [height, width], 'the drawing')
  }
  const small = planes.map((plane) => resampled(plane, height, width).pixels)
  return Uint8Array.from({ length: height * width * channels }, (_, at) =>
    Math.round(small[at % channels]?.[Math.floor(at / channels)] ?? 0),
  )
}

/** One channel of a picture, or with null the mean of all. */
function planeOf({ height, width, channels = 1, pixels }: Picture, channel: number | null): GreyPicture {
  const valueAt = (at: number, of: number) => pixels[at * channels + Math.min(of, channels - 1)] ?? 0
  const mean = (at: number) => (valueAt(at, 0) + valueAt(at, 1) + valueAt(at, 2)) / 3
  const values = Float32Array.from({ length: height * width }, (_, at) =>
    channel === null ? mean(at) : valueAt(at, channel),
  )
  return { height, width, pixels: values }
}

/** From 0 to 255: models of scaled images give numbers from 0 to 1. */
function greys(values: ArrayLike<number>): number[] {
  const all = Array.from(values)
  const scale = all.every((value) => value >= 0 && value <= 1) ? 255 : 1
  return all.map((value) => Math.min(255, Math.max(0, Math.round(scale * value))))
}
