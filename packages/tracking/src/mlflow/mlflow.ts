/** Trainings as runs of an experiment of MLflow: parameters, metrics in batches, tags, and artifacts. */
import type { LogEvent, Sink } from '@gradpool/trainer'
import { firstLayer } from '../first-layer.js'
import { matrixTable, metricsIn } from '../metrics.js'
import { pngOf } from '../png.js'
import { relativePath } from '../names.js'
import { MlflowClient, textAt } from './client.js'

export interface MlflowOptions {
  /** Of the server. Default: `MLFLOW_TRACKING_URI`, else http://127.0.0.1:5000. */
  readonly url?: string
  /** The experiment, which is made where there is none. Default: `MLFLOW_EXPERIMENT_NAME`, else gradpool. */
  readonly experiment?: string
  /** Of every run. */
  readonly tags?: Readonly<Record<string, string>>
}

/** Limits of the server, in one request. */
const MOST_METRICS = 1000
const MOST_PARAMS = 100
const MOST_PARAM_LENGTH = 6000

const MEGABYTE = 2 ** 20
const STATUS = { done: 'FINISHED', failed: 'FAILED', interrupted: 'KILLED' } as const

/** @throws UserError for what is no address of a server */
export function mlflow(options: MlflowOptions = {}): Sink {
  const { env } = process
  const { url = env.MLFLOW_TRACKING_URI ?? 'http://127.0.0.1:5000' } = options
  const { experiment = env.MLFLOW_EXPERIMENT_NAME ?? 'gradpool', tags = {} } = options
  const client = new MlflowClient(url, {
    token: env.MLFLOW_TRACKING_TOKEN,
    user: env.MLFLOW_TRACKING_USERNAME,
    password: env.MLFLOW_TRACKING_PASSWORD,
  })
  const runs = new Map<string, MlflowRun>()
  let id: string | undefined
  return {
    name: 'MLflow',
    weightsEvery: 'end',
    async write(event) {
      if (event.type === 'started') {
        id ??= await experimentId(client, experiment)
        runs.set(event.training, await MlflowRun.create(client, id, event, tags))
      }
      await runs.get(event.training)?.write(event)
      if (event.type === 'ended') runs.delete(event.training)
    },
    async flush() {
      for (const run of runs.values()) await run.flush()
    },
  }
}

async function experimentId(client: MlflowClient, name: string): Promise<string> {
  const found = await client.experimentOf(name)
  if (found !== undefined) return found
  const id = textAt(await client.post('experiments/create', { name }), 'experiment_id')
  if (id === undefined) throw new Error(`${client.url} is no server of MLflow`)
  return id
}

interface Metric {
  readonly key: string
  readonly value: number | string
  readonly timestamp: number
  readonly step: number
}

type Started = Extract<LogEvent, { type: 'started' }>

class MlflowRun {
  readonly #client: MlflowClient
  readonly #id: string
  /** Where artifacts are put; undefined where the server does not take them. */
  readonly #artifacts: string | undefined
  readonly #program: Started['program']
  #metrics: Metric[] = []

  private constructor(client: MlflowClient, id: string, artifacts: string | undefined, { program }: Started) {
    this.#client = client
    this.#id = id
    this.#artifacts = artifacts
    this.#program = program
  }

  static async create(
    client: MlflowClient,
    experiment: string,
    event: Started,
    tags: Readonly<Record<string, string>>,
  ): Promise<MlflowRun> {
    const { training, time, params } = event
    const all = { 'mlflow.source.name': 'gradpool', ...tags }
    const made = await client.post('runs/create', {
      experiment_id: experiment,
      start_time: time,
      ...(training !== '' && { run_name: training }),
      tags: Object.entries(all).map(([key, value]) => ({ key, value })),
    })
    const id = textAt(made, 'run', 'info', 'run_id')
    if (id === undefined) throw new Error(`${client.url} is no server of MLflow`)
    const entries = Object.entries(params).map(([key, value]) => ({
      key: keyOf(key),
      value: String(value).slice(0, MOST_PARAM_LENGTH),
    }))
    for (let from = 0; from < entries.length; from += MOST_PARAMS) {
      await client.post('runs/log-batch', { run_id: id, params: entries.slice(from, from + MOST_PARAMS) })
    }
    const uri = textAt(made, 'run', 'info', 'artifact_uri')
    // `mlflow-artifacts:/1/<run>/artifacts`, with or without a host: the server keeps them.
    const artifacts = uri && /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/.exec(uri)?.[1]
    return new MlflowRun(client, id, artifacts, event)
  }

  async write(event: LogEvent): Promise<void> {
    this.#gather(event)
    if (this.#metrics.length >= MOST_METRICS) await this.flush()
    if (event.type === 'image') await this.#put(`${event.name} at epoch ${event.epoch}.png`, pngOf(event.image))
    if (event.type === 'table') {
      const { columns, rows } = event.table
      await this.#put(`${event.name} at epoch ${event.epoch}.json`, jsonBytes({ columns, data: rows }))
    }
    if (event.type === 'file') await this.#put(event.name, event.contents)
    if (event.type === 'ended') await this.#end(event)
  }

  async flush(): Promise<void> {
    while (this.#metrics.length > 0) {
      const metrics = this.#metrics.splice(0, MOST_METRICS)
      await this.#client.post('runs/log-batch', { run_id: this.#id, metrics })
    }
  }

  #gather(event: LogEvent): void {
    const { time: timestamp } = event
    const add = (key: string, value: number, step: number) =>
      this.#metrics.push({ key: keyOf(key), value: Number.isFinite(value) ? value : textOf(value), timestamp, step })
    if (event.type === 'usage') {
      const step = Math.round(event.seconds)
      add('system/cpu_cores', event.cores, step)
      add('system/memory_megabytes', event.memoryBytes / MEGABYTE, step)
    }
    const step = event.type === 'epoch' ? event.row.epoch : event.type === 'ended' ? event.epoch : 0
    for (const { split, name, value } of metricsIn(event)) {
      if (typeof value === 'number') add(split === 'train' ? name : `${split}.${name}`, value, step)
    }
  }

  async #end(event: Extract<LogEvent, { type: 'ended' }>): Promise<void> {
    await this.flush()
    for (const { split, name, value } of metricsIn(event)) {
      if (typeof value === 'number') continue
      const { columns, rows } = matrixTable(value)
      await this.#put(`${split}.${name}.json`, jsonBytes({ columns, data: rows }))
    }
    const image = event.weights && firstLayer(this.#program, event.weights)
    if (image) await this.#put('weights/first layer.png', pngOf(image))
    await this.#client.post('runs/update', { run_id: this.#id, status: STATUS[event.status], end_time: event.time })
  }

  async #put(name: string, bytes: Uint8Array): Promise<void> {
    if (this.#artifacts !== undefined) {
      await this.#client.putArtifact(`${this.#artifacts}/${relativePath(name).replaceAll('\\', '/')}`, bytes)
    }
  }
}

/** The server takes letters, digits and a few signs. */
function keyOf(name: string): string {
  return name.replace(/[^\w ./-]/g, '_')
}

/** As the server reads JSON of protocol buffers. */
function textOf(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}
