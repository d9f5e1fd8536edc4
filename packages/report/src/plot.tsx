/** One figure of a run as an SVG or PNG file. */
import { UserError } from '@gradpool/core'
import { messageOf, writeDurably, reasonOf } from '@gradpool/storage'
import type { ComponentChild } from 'preact'
import { Calibration, ConfusionMatrix } from './drawing/classification.js'
import { CodePoints, Retrieval } from './drawing/codes.js'
import { CurvesFigure } from './drawing/curves.js'
import { ImageGrid, type Captioned } from './drawing/images.js'
import { light } from './drawing/paint.js'
import { Estimates, Residuals } from './drawing/regression.js'
import { svgText } from './drawing/svg-text.js'
import { Timeline } from './drawing/timeline.js'
import type { ImageOf, Judgement, PngUrl, StageFigures } from './figures/stage-figures.js'
import type { PageData } from './page/page-data.js'
import { experimentsIn, panelsOf } from './view/curves.js'
import { metricWord, words as allWords, type Language, type Words } from './words.js'
import { reportData, type ReportOptions } from './write-report.js'

const paint = light
const SAMPLE_COLUMNS = 8

interface Drawing {
  readonly words: Words
  readonly image: ImageOf | null
  /** Of a class. */
  readonly nameOf: (label: number | null) => string
}

type Draw = (figures: StageFigures, drawing: Drawing) => ComponentChild | undefined

/** Of a stage, by the name of the kind; undefined where the stage has none. */
const ofStages = {
  confusion: ({ classification }, { words }) =>
    classification && <ConfusionMatrix figures={classification} paint={paint} words={words} />,
  calibration: ({ classification }, { words }) =>
    classification && classification.calibration.length > 0 ? (
      <Calibration figures={classification} paint={paint} words={words} />
    ) : undefined,
  mistakes: ({ classification }, drawing) => judgements(classification?.mistakes, drawing.words.mistakes, drawing),
  samples: ({ samples }, drawing) => judgements(samples, drawing.words.samples, drawing),
  estimates: ({ regression }, { words }) =>
    regression && <Estimates figures={regression} paint={paint} words={words} />,
  residuals: ({ regression }, { words }) =>
    regression && <Residuals figures={regression} paint={paint} words={words} />,
  reconstructions: ({ reconstruction }, drawing) =>
    reconstruction &&
    grid(
      [
        ...reconstruction.pairs.map(({ input, truth }) => ({ image: input, caption: [drawing.nameOf(truth)] })),
        ...reconstruction.pairs.map(({ output }) => ({ image: output, caption: [''] })),
      ],
      reconstruction.pairs.length,
      drawing.words.reconstructions,
      drawing,
    ),
  codes: ({ codes }, { words }) => codes && <CodePoints figures={codes} by="principal" paint={paint} words={words} />,
  umap: ({ codes }, { words }) =>
    codes?.umap ? <CodePoints figures={codes} by="umap" paint={paint} words={words} /> : undefined,
  weights: ({ weights }, drawing) =>
    weights && grid(weights.images.map(plain), SAMPLE_COLUMNS, drawing.words.weights, drawing),
  walks: ({ walks }, drawing) =>
    walks &&
    grid(
      walks.walks.flatMap(({ images }) => images.map(plain)),
      walks.walks[0]?.images.length ?? 1,
      drawing.words.walks,
      drawing,
    ),
  retrieval: ({ hashing }, { words }) => hashing && <Retrieval figures={hashing} paint={paint} words={words} />,
  queries: ({ hashing }, drawing) =>
    hashing &&
    grid(
      hashing.sheets.flatMap(({ query, label, found }) => [
        { image: query, caption: [`→ ${drawing.nameOf(label)}`] },
        ...found.map((one) => ({
          image: one.image,
          caption: [`${drawing.nameOf(one.label)} · ${one.hamming}`],
          isWrong: one.label !== label,
        })),
      ]),
      1 + (hashing.sheets[0]?.found.length ?? 0),
      drawing.words.queries,
      drawing,
    ),
} satisfies Readonly<Record<string, Draw>>

export const plotKinds: readonly string[] = ['curves', 'timeline', ...Object.keys(ofStages)]

function isOfStages(kind: string): kind is keyof typeof ofStages {
  return Object.hasOwn(ofStages, kind)
}

export interface PlotOptions extends ReportOptions {
  /** The file: .svg or .png. */
  readonly out: string
  /** Of curves: `accuracy`. Default: `loss`. */
  readonly metric?: string | undefined
  /** Default: the first that has such a figure. */
  readonly stage?: string | undefined
}

/**
 * @param options `experiment` and `stage`: by default the first that has such a figure, and the curves of all
 *   experiments
 * @throws UserError for a figure that the run does not have, or a file that cannot be written
 */
export async function plotRun(directory: string, kind: string, options: PlotOptions): Promise<void> {
  const { out } = options
  const ending = /\.(svg|png)$/i.exec(out)?.[1]?.toLowerCase()
  if (ending === undefined) throw new UserError(`a figure is written as .svg or .png, not '${out}'`)
  const withFigures: boolean = kind !== 'curves' && kind !== 'timeline'
  const data = await reportData([directory], { ...options, withFigures })
  const svg = drawn(data, kind, options)
  const bytes = ending === 'svg' ? `${svg}\n` : await pngOf(svg)
  try {
    await writeDurably(out, bytes)
  } catch (error) {
    throw new UserError(`the figure cannot be written to '${out}': ${reasonOf(error)}`, { cause: error })
  }
}

/** As SVG. @throws UserError for a figure that is not there */
export function drawn(data: PageData, kind: string, options: Omit<PlotOptions, 'out'> = {}): string {
  const { language = 'en' } = options
  const words = allWords[language]
  const [view] = data.views
  if (view === undefined) throw new UserError('there is no run to draw')
  if (kind === 'timeline') return svgText(<Timeline view={view} paint={paint} words={words} />)
  if (kind === 'curves') return curvesDrawn(data, words, language, options)
  if (!isOfStages(kind)) throw new UserError(`there is no figure '${kind}': there are ${plotKinds.join(', ')}`)
  const draw: Draw = ofStages[kind]
  const asked = view.experiments.filter(({ name }) => options.experiment === undefined || options.experiment === name)
  if (asked.length === 0) throw new UserError(`${view.name} has no experiment '${options.experiment ?? ''}'`)
  for (const hash of asked.flatMap(({ stages }) => stages)) {
    const figures = data.figures[hash]
    if (figures === undefined || (options.stage !== undefined && view.stages[hash]?.name !== options.stage)) continue
    const classes = figures.classification?.classes ?? figures.codes?.classes
    const nameOf = (label: number | null) => (label === null ? '' : (classes?.[label] ?? String(label)))
    const drawing = draw(figures, { words, image: figures.image, nameOf })
    if (drawing !== undefined && drawing !== null) return svgText(drawing)
  }
  const why = data.missing.length > 0 ? `: ${data.missing.join('; ')}` : ''
  throw new UserError(`${options.experiment ?? view.name} has no figure '${kind}'${why}`)
}

function curvesDrawn({ views }: PageData, words: Words, language: Language, options: Omit<PlotOptions, 'out'>): string {
  const { metric = 'loss', stage, experiment } = options
  const panels = panelsOf(views)
  const found = panels.filter((panel) => panel.metric === metric && (stage === undefined || panel.stage === stage))
  const panel = found.at(-1)
  if (panel === undefined) {
    const names = [...new Set(panels.map((one) => `${one.stage} ${one.metric}`))]
    throw new UserError(
      `there is no curve '${metric}'${stage === undefined ? '' : ` of ${stage}`}: there are ${names.join(', ')}`,
    )
  }
  const curves = panel.curves.filter(({ experiments }) => experiment === undefined || experiments.includes(experiment))
  if (curves.length === 0) throw new UserError(`there is no curve '${metricWord(metric, 'en')}' of ${experiment ?? ''}`)
  return svgText(
    <CurvesFigure
      panel={{ ...panel, curves }}
      order={experimentsIn(views)}
      paint={paint}
      words={words}
      language={language}
    />,
  )
}

function plain(image: PngUrl): Captioned {
  return { image, caption: [] }
}

function judgements(all: readonly Judgement[] | undefined, label: string, drawing: Drawing) {
  const entries = (all ?? []).flatMap(({ image, truth, estimate, confidence }) =>
    image === null
      ? []
      : [
          {
            image,
            caption: [
              `${drawing.nameOf(truth)} → ${drawing.nameOf(estimate)}`,
              confidence === null ? '' : `${(100 * confidence).toFixed(1)} %`,
            ],
            isWrong: truth !== estimate,
          },
        ],
  )
  return grid(entries, SAMPLE_COLUMNS, label, drawing)
}

function grid(entries: readonly Captioned[], columns: number, label: string, { image }: Drawing) {
  return image === null || entries.length === 0 ? undefined : (
    <ImageGrid entries={entries} image={image} columns={columns} label={label} paint={paint} />
  )
}

/** Dots per inch: twice those of the drawing. */
const DENSITY = 144

/** @throws UserError where what makes pixels of drawings is not installed */
async function pngOf(svg: string): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp').catch((error: unknown) => {
    throw new UserError(
      `a PNG file needs the package sharp, which is not here (${messageOf(error)}): \`npm install sharp\`, or write an .svg file`,
      { cause: error },
    )
  })
  return sharp(Buffer.from(svg), { density: DENSITY }).flatten({ background: light.paper }).png().toBuffer()
}
