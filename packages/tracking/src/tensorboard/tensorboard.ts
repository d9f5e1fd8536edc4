/**
 * Event files of TensorBoard: `FOLDER/TRAINING/events.out.tfevents.…`, one for each training, with scalars, histograms,
 * images, texts, the graph and hyperparameters.
 */
import { hostname } from 'node:os'
import { join } from 'node:path'
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf'
import type { Program } from '@gradpool/core/engine'
import type { LogEvent, LoggedTable, LoggedWeights, ParamValue, Sink } from '@gradpool/trainer'
import { Appender } from '../appender.js'
import { firstLayer } from '../first-layer.js'
import { matrixTable, metricsIn } from '../metrics.js'
import { relativePath } from '../names.js'
import { pngOf } from '../png.js'
import { graphOf } from './graph.js'
import { histogramOf } from './histogram.js'
import { recordOf } from './records.js'
import {
  DataType,
  EventSchema,
  GraphDefSchema,
  HParamsPluginDataSchema,
  Status,
  type SummarySchema,
} from './tensorboard_pb.js'

export interface TensorBoardOptions {
  /** Histograms of the weights after every so many epochs, and at the end. Default: 'end', at the end alone. */
  readonly histogramsEvery?: number | 'end'
}

type Value = NonNullable<MessageInitShape<typeof SummarySchema>['value']>[number]
type What = NonNullable<MessageInitShape<typeof EventSchema>['what']>
type Plugin = NonNullable<MessageInitShape<typeof HParamsPluginDataSchema>['data']>

const FILE_VERSION = 'brain.Event:2'
const MEGABYTE = 2 ** 20
const STATUS = { done: Status.SUCCESS, failed: Status.FAILURE, interrupted: Status.UNKNOWN } as const

/** @param folder what `tensorboard --logdir` is given */
export function tensorBoard(folder: string, { histogramsEvery = 'end' }: TensorBoardOptions = {}): Sink {
  const files = new Map<string, EventFile>()
  let count = 0
  return {
    name: 'TensorBoard',
    weightsEvery: histogramsEvery,
    write(event) {
      const { training, time } = event
      let file = files.get(training)
      if (file === undefined || event.type === 'started') {
        // Never the name of another file: of another process, or of the same training once more.
        const own = [Math.floor(time / 1000), hostname(), process.pid, count++].join('.')
        file = new EventFile(join(folder, relativePath(training), `events.out.tfevents.${own}`), time)
        files.set(training, file)
      }
      file.write(event)
    },
    flush: () => Promise.all([...files.values()].map((file) => file.flush())),
  }
}

class EventFile {
  readonly #file: Appender
  #program: Program | undefined

  constructor(path: string, time: number) {
    this.#file = new Appender(path)
    this.#add(time, 0, { case: 'fileVersion', value: FILE_VERSION })
  }

  flush(): Promise<void> {
    return this.#file.flush()
  }

  write(event: LogEvent): void {
    if (event.type === 'started') {
      this.#program = event.program
      const graph = toBinary(GraphDefSchema, create(GraphDefSchema, graphOf(event.program)))
      this.#add(event.time, 0, { case: 'graphDef', value: graph })
    }
    const value = this.#valuesOf(event)
    if (value.length > 0) this.#add(event.time, stepOf(event), { case: 'summary', value: { value } })
  }

  #valuesOf(event: LogEvent): Value[] {
    switch (event.type) {
      case 'started':
        return [hyperparameters(event)]
      case 'epoch':
        return [...metricValues(event), ...histograms(event.weights)]
      case 'ended':
        return [...metricValues(event), ...histograms(event.weights), ...this.#firstLayer(event.weights), ended(event)]
      case 'usage':
        return [scalar('system/cores', event.cores), scalar('system/memory (MiB)', event.memoryBytes / MEGABYTE)]
      case 'image':
        return [imageValue(event.name, event.image)]
      case 'table':
        return [text(event.name, markdownOf(event.table))]
      case 'file':
        return [text(event.name, fileText(event.contents))]
    }
  }

  #firstLayer(weights: LoggedWeights | undefined): Value[] {
    const image = this.#program && weights && firstLayer(this.#program, weights)
    return image === undefined ? [] : [imageValue('weights/first layer', image)]
  }

  #add(time: number, step: number, what: What): void {
    const event = create(EventSchema, { wallTime: time / 1000, step: BigInt(step), what })
    this.#file.add(recordOf(toBinary(EventSchema, event)))
  }
}

function stepOf(event: LogEvent): number {
  if (event.type === 'started') return 0
  if (event.type === 'usage') return Math.round(event.seconds)
  return event.type === 'epoch' ? event.row.epoch : event.epoch
}

/** `loss/train`, `loss/validation`, `loss/test`: TensorBoard shows them beside each other. */
function metricValues(event: LogEvent): Value[] {
  return metricsIn(event).map(({ split, name, value }) => {
    const tag = name === 'seconds' ? 'seconds/epoch' : `${name}/${split}`
    return typeof value === 'number' ? scalar(tag, value) : text(tag, markdownOf(matrixTable(value)))
  })
}

function scalar(tag: string, value: number): Value {
  return { tag, value: { case: 'simpleValue', value } }
}

function imageValue(tag: string, image: Parameters<typeof pngOf>[0]): Value {
  const { height, width, channels } = image
  return {
    tag,
    value: { case: 'image', value: { height, width, colorspace: channels, encodedImageString: pngOf(image) } },
  }
}

function histograms(weights: LoggedWeights = {}): Value[] {
  return Object.entries(weights).flatMap(([name, values]): Value[] => {
    const histogram = histogramOf(values)
    return histogram ? [{ tag: `weights/${name}`, value: { case: 'histo', value: histogram } }] : []
  })
}

/** Markdown. */
function text(tag: string, markdown: string): Value {
  return {
    tag,
    metadata: { pluginData: { pluginName: 'text' } },
    value: {
      case: 'tensor',
      value: {
        dtype: DataType.DT_STRING,
        tensorShape: { dim: [{ size: 1n }] },
        stringVal: [Buffer.from(markdown)],
      },
    },
  }
}

function markdownOf({ columns, rows }: LoggedTable): string {
  const line = (cells: LoggedTable['rows'][number]) => `| ${cells.map(cellOf).join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}

function cellOf(cell: LoggedTable['rows'][number][number]): string {
  return String(cell ?? '')
    .replace(/[\\|`*_<>[\]]/g, String.raw`\$&`)
    .replace(/\s+/g, ' ')
}

const MOST_TEXT = 65536

/** What is no text is told by its size. */
function fileText(contents: Uint8Array): string {
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true }).decode(contents)
    if (!decoded.includes('\0') && decoded.length <= MOST_TEXT) return decoded.replace(/^/gm, '    ')
  } catch {
    // It is no text.
  }
  return `${contents.length} bytes`
}

function hyperparameters({
  params,
  time,
}: {
  readonly params: Readonly<Record<string, ParamValue>>
  readonly time: number
}) {
  const entries = Object.entries(params).map(([name, value]) => [name, { kind: kindOf(value) }] as const)
  return plugin('_hparams_/session_start_info', {
    case: 'sessionStartInfo',
    value: { hparams: Object.fromEntries(entries), startTimeSecs: time / 1000 },
  })
}

function kindOf(value: ParamValue) {
  if (typeof value === 'string') return { case: 'stringValue' as const, value }
  if (typeof value === 'number') return { case: 'numberValue' as const, value }
  return { case: 'boolValue' as const, value }
}

function ended({ status, time }: Extract<LogEvent, { type: 'ended' }>): Value {
  return plugin('_hparams_/session_end_info', {
    case: 'sessionEndInfo',
    value: { status: STATUS[status], endTimeSecs: time / 1000 },
  })
}

/** A value that only the plugin for hyperparameters reads: its message is in the metadata. */
function plugin(tag: string, data: Plugin): Value {
  const content = toBinary(HParamsPluginDataSchema, create(HParamsPluginDataSchema, { data }))
  return { tag, metadata: { pluginData: { pluginName: 'hparams', content } } }
}
