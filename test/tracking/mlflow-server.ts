/** A real `mlflow server` with a store of its own, and what is in it, read over its REST API. */
import { join } from 'node:path'
import { temporaryFolder } from '../gradpool.js'
import { freePort, startServer } from '../servers/server-process.js'
import { pythonVariables } from './python.js'

/** It takes 15 seconds of a processor that has nothing else to do. */
const START_MS = 300_000

export interface MlflowServer {
  readonly url: string
  /** Its runs, the oldest first; none where there is no such experiment. */
  readonly runsOf: (experiment: string) => Promise<readonly MlflowRun[]>
  /** Every value of a metric with its step, in the order of steps. */
  readonly historyOf: (run: MlflowRun, metric: string) => Promise<readonly (readonly [number, number])[]>
  /** Paths of files with the number of their bytes. */
  readonly artifactsOf: (run: MlflowRun, folder?: string) => Promise<ReadonlyMap<string, number>>
  readonly artifact: (run: MlflowRun, path: string) => Promise<Buffer>
  /** Ends it as a power cut does. */
  readonly kill: () => Promise<void>
  readonly stop: () => Promise<void>
}

interface Pair {
  readonly key: string
  readonly value: string
}

export interface MlflowRun {
  readonly info: {
    readonly run_id: string
    readonly run_name: string
    readonly status: string
    readonly start_time: number
    readonly end_time?: number
    readonly artifact_uri: string
  }
  readonly data: {
    readonly params?: readonly Pair[]
    readonly tags?: readonly Pair[]
    readonly metrics?: readonly { readonly key: string }[]
  }
}

interface History {
  readonly metrics?: readonly { readonly step: number; readonly value: number }[]
}

interface Listing {
  readonly files?: readonly { readonly path: string; readonly is_dir: boolean; readonly file_size?: number }[]
}

/** @throws NotToBeHad */
export async function startMlflow(): Promise<MlflowServer> {
  const env = { ...(await pythonVariables()), MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' }
  const { path: folder, remove } = await temporaryFolder()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const options = {
    host: '127.0.0.1',
    port: String(port),
    workers: '1',
    'backend-store-uri': `sqlite:///${join(folder, 'mlflow.db')}`,
    'artifacts-destination': join(folder, 'artifacts'),
  }
  const server = await startServer({
    command: [
      'python3',
      '-m',
      'mlflow',
      'server',
      ...Object.entries(options).map(([key, value]) => `--${key}=${value}`),
    ],
    cwd: folder,
    env,
    isGroup: true,
    startMs: START_MS,
    isReady: () =>
      fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
  })

  async function ask<T>(path: string, query: Readonly<Record<string, string>>, body?: object): Promise<T> {
    const headers = { 'content-type': 'application/json' }
    const request = body && { method: 'POST', headers, body: JSON.stringify(body) }
    const response = await fetch(`${url}/api/2.0/mlflow/${path}?${new URLSearchParams(query).toString()}`, request)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  async function runsOf(name: string): Promise<readonly MlflowRun[]> {
    const filter = { filter: `name = '${name}'`, max_results: '1' }
    const { experiments = [] } = await ask<{ experiments?: { experiment_id: string }[] }>('experiments/search', filter)
    if (experiments.length === 0) return []
    const ids = experiments.map((one) => one.experiment_id)
    const asked = { experiment_ids: ids, order_by: ['attributes.start_time ASC'] }
    const { runs = [] } = await ask<{ runs?: MlflowRun[] }>('runs/search', {}, asked)
    return runs
  }

  async function historyOf({ info }: MlflowRun, metric: string) {
    const query = { run_id: info.run_id, metric_key: metric }
    const { metrics = [] } = await ask<History>('metrics/get-history', query)
    return metrics.map(({ step, value }) => [step, value] as const).toSorted(([one], [other]) => one - other)
  }

  async function artifactsOf(run: MlflowRun, path = ''): Promise<ReadonlyMap<string, number>> {
    const { files = [] } = await ask<Listing>('artifacts/list', { run_id: run.info.run_id, ...(path && { path }) })
    const found = await Promise.all(
      files.map(async ({ path, is_dir: isFolder, file_size: size = 0 }) =>
        isFolder ? [...(await artifactsOf(run, path))] : [[path, size] as const],
      ),
    )
    return new Map(found.flat())
  }

  async function artifact({ info }: MlflowRun, path: string): Promise<Buffer> {
    const query = new URLSearchParams({ run_id: info.run_id, path }).toString()
    const response = await fetch(`${url}/get-artifact?${query}`)
    if (!response.ok) throw new Error(`${path}: ${response.status}`)
    return Buffer.from(await response.arrayBuffer())
  }

  const kill = () => server.kill('SIGKILL')
  const stop = async () => {
    try {
      await kill()
    } finally {
      await remove()
    }
  }
  return { url, runsOf, historyOf, artifactsOf, artifact, kill, stop }
}
