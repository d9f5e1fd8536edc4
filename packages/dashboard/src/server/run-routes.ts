/** What the page asks for of runs. */
import { UserError } from '@gradpool/core'
import {
  changeLabels,
  compareRuns,
  mean,
  metricNames,
  parseCondition,
  processAt,
  type RowsAsked,
  rowsOfRuns,
  type RunLabels,
  type RunRow as Row,
  type RunStatus,
  standardDeviation,
  valuesOf,
} from '@gradpool/orchestrator'
import { reportData, type TimedEvent } from '@gradpool/report'
import { Refusal } from '@gradpool/serve/fastify'
import { hasFields, isText } from '@gradpool/storage'
import type { FastifyInstance } from 'fastify'
import type { Compared, Followed, RunFigures, RunList, RunLog, RunRow, RunState, Spread } from '../api.js'
import { type FollowedRuns } from '../watching/followed-runs.js'
import { logLines } from '../watching/log-lines.js'
import { type WatchedList } from '../watching/watched-list.js'
import { type FollowedRun } from '../watching/followed-run.js'
import { EventStream } from './event-stream.js'

export interface RunRoutesOptions {
  readonly list: WatchedList
  readonly followed: FollowedRuns
  /** Goes on with the run of a directory; fulfilled once it does. */
  readonly resume: ((directory: string) => Promise<void>) | undefined
}

const MOST_ROWS = 1000
const MOST_LINES = 5000
const MOST_COMPARED = 10
/** Browsers that follow something; each has a connection. */
const MOST_STREAMS = 200
/** A view is sent so often at most. */
const VIEW_MS = 1000
/** After so many events a browser gets a view, in which they are thinned. */
const MOST_EVENTS = 2000
/** Of computing figures for one who waits. */
const MOST_FIGURE_SECONDS = 20
/** How long what somebody asked for may take to be seen in files. */
const SEEN_MS = 300

type Query = Readonly<Record<string, string | string[] | undefined>>
interface Asked {
  Querystring: Query
  Params: { readonly id: string }
}

export function addRunRoutes(app: FastifyInstance, { list, followed, resume }: RunRoutesOptions): void {
  let numStreams = 0
  const streamTo = (reply: ConstructorParameters<typeof EventStream>[0]): EventStream => {
    if (numStreams >= MOST_STREAMS) throw new Refusal(429, `${MOST_STREAMS} pages follow runs already`)
    numStreams++
    const stream = new EventStream(reply)
    stream.onClose(() => numStreams--)
    return stream
  }

  const directoryOf = async (id: string): Promise<string> => {
    const directory = await list.directoryOf(id)
    if (directory === undefined) throw new Refusal(404, 'there is no such run')
    return directory
  }

  const stateOf = async (directory: string): Promise<RunState> => (await followed.read(directory)).state

  app.get<Asked>('/api/runs', async ({ query }): Promise<RunList> => {
    const { runs, damaged } = await list.read()
    const [limit, offset] = [count(query, 'limit', 100, MOST_ROWS), count(query, 'offset', 0, Infinity)]
    const rows = rowsOfRuns(runs, rowsAsked(query))
    return {
      total: rows.length,
      all: runs.length,
      rows: rows.slice(offset, offset + limit).map(rowOf),
      metrics: metricNames(rows.flatMap(({ seeds }) => seeds)),
      damaged,
    }
  })

  app.get('/api/events', (_request, reply) => {
    const stream = streamTo(reply)
    let isMissed = false
    const tell = () => (isMissed = !stream.send('runs'))
    stream.onRoom(() => isMissed && tell())
    stream.onClose(list.listen(tell))
  })

  app.get<Asked>('/api/runs/:id', async ({ params }): Promise<Followed> => {
    return followed.read(await directoryOf(params.id))
  })

  app.get<Asked>('/api/runs/:id/events', async ({ params }, reply) => {
    const directory = await directoryOf(params.id)
    const teller = new RunTeller()
    const { run, end } = await followed.follow(directory, teller)
    try {
      teller.begin(run, streamTo(reply), end)
    } catch (error) {
      end()
      throw error
    }
  })

  app.get<Asked>('/api/runs/:id/log', async ({ params, query }): Promise<RunLog> => {
    return { lines: await logLines(await directoryOf(params.id), count(query, 'most', 200, MOST_LINES)) }
  })

  app.get<Asked>('/api/runs/:id/figures', async ({ params }): Promise<RunFigures> => {
    const directory = await directoryOf(params.id)
    const { status } = await stateOf(directory)
    // What goes on has the machine for itself: only what its events have is shown.
    const { figures, missing } = await reportData([directory], {
      withFigures: status !== 'running',
      mostSeconds: MOST_FIGURE_SECONDS,
      workers: 1,
    })
    return { figures, missing }
  })

  app.post<Asked>('/api/runs/:id/stop', async ({ params }): Promise<RunState> => {
    const directory = await directoryOf(params.id)
    const pid = processAt(directory)
    if (pid === undefined) throw new Refusal(409, 'no process of this machine works on this run')
    try {
      process.kill(pid, 'SIGINT')
    } catch {
      throw new Refusal(409, 'the process that works on this run cannot be told to stop')
    }
    return soon(() => stateOf(directory), 'running')
  })

  app.post<Asked>('/api/runs/:id/resume', async ({ params }): Promise<RunState> => {
    const directory = await directoryOf(params.id)
    if (resume === undefined) throw new Refusal(409, 'runs cannot be resumed from here')
    const { status, canResume } = await stateOf(directory)
    if (!canResume) throw new Refusal(409, status === 'done' ? 'this run is done' : 'this run goes on')
    await resume(directory)
    return stateOf(directory)
  })

  app.post<Asked & { Body: unknown }>('/api/runs/:id/labels', async ({ params, body }): Promise<RunLabels> => {
    const directory = await directoryOf(params.id)
    if (!isLabelsChange(body)) {
      throw new Refusal(400, 'labels are changed by { add: [tag], remove: [tag], note: text }, each as it is wanted')
    }
    return changeLabels(directory, body)
  })

  app.get<Asked>('/api/compare', async ({ query }): Promise<Compared> => {
    const asked = several(query.run)
    if (asked.length > MOST_COMPARED) throw new Refusal(400, `at most ${MOST_COMPARED} runs are compared`)
    const compared = []
    for (const title of asked) {
      const whole = await list.directoryOf(title)
      const [run = '', ...experiment] = whole === undefined ? title.split('/') : [title]
      const directory = whole ?? (await directoryOf(run))
      compared.push({ title, directory, experiment: experiment.length > 0 ? experiment.join('/') : undefined })
    }
    const comparisons = await compareRuns(compared, { metric: single(query, 'metric') })
    return {
      comparisons: comparisons.map(({ sides, experiments, differences, results }) => ({
        sides,
        experiments,
        differences,
        ...(results && { results }),
      })),
    }
  })
}

/** Tells one browser of one run: a view first, then what comes, and a view again after what it did not read. */
class RunTeller {
  #run: FollowedRun | undefined
  #stream: EventStream | undefined
  #isMissed = false
  #told = 0
  #viewAt = -Infinity
  #later: NodeJS.Timeout | undefined

  begin(run: FollowedRun, stream: EventStream, end: () => void): void {
    this.#run = run
    this.#stream = stream
    stream.onRoom(() => {
      if (this.#isMissed) this.onView()
    })
    stream.onClose(() => {
      clearTimeout(this.#later)
      end()
    })
    this.onView()
  }

  onEvents(events: readonly TimedEvent[]): void {
    this.#told += events.length
    if (this.#isMissed || this.#told > MOST_EVENTS) this.onView()
    else if (this.#stream?.send('events', events) === false) this.#isMissed = true
  }

  onState(): void {
    // A view has the state.
    if (!this.#isMissed && this.#stream?.send('state', this.#run?.state) === false) this.#isMissed = true
  }

  onGone(): void {
    this.#stream?.end()
  }

  onView(): void {
    this.#isMissed = true
    clearTimeout(this.#later)
    const wait = this.#viewAt + VIEW_MS - performance.now()
    if (wait > 0) this.#later = setTimeout(() => this.onView(), wait).unref()
    else if (this.#stream?.send('view', this.#run?.told) === true) {
      this.#viewAt = performance.now()
      this.#isMissed = false
      this.#told = 0
    }
  }
}

/** What is asked for is done by another process: its answer is waited for a moment. */
async function soon(stateOf: () => Promise<RunState>, before: RunStatus): Promise<RunState> {
  const until = performance.now() + SEEN_MS
  for (;;) {
    const state = await stateOf()
    if (state.status !== before || performance.now() > until) return state
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function rowsAsked(query: Query): RowsAsked {
  const search = single(query, 'search')
  return {
    ...(search !== undefined && search !== '' && { search }),
    where: several(query.where).map(parseCondition),
    sort: single(query, 'sort') ?? '-started',
  }
}

const WORST_FIRST: readonly RunStatus[] = ['running', 'failed', 'cut off', 'interrupted']

function rowOf(row: Row): RunRow {
  const { run, seeds } = row
  const statuses = seeds.map(({ status }) => status)
  const seconds = seeds.flatMap((one) => one.seconds ?? [])
  const metrics = metricNames(seeds).flatMap((name): [string, Spread][] => {
    const values = seeds.flatMap((one) => valuesOf(run, one, name)).filter((value) => typeof value === 'number')
    return values.length === 0 ? [] : [[name, { mean: mean(values), deviation: standardDeviation(values) }]]
  })
  return {
    id: run.name,
    experiment: seeds[0]?.name ?? '',
    seeds: seeds.length,
    status: WORST_FIRST.find((status) => statuses.includes(status)) ?? 'done',
    started: run.started,
    seconds: seconds.length === 0 ? null : mean(seconds),
    epochs: Math.max(0, ...seeds.map(({ epochs }) => epochs)),
    data: seeds[0]?.data.name ?? '',
    engine: run.engine,
    tags: run.tags,
    note: run.note,
    metrics: Object.fromEntries(metrics),
  }
}

function isLabelsChange(
  value: unknown,
): value is Parameters<typeof changeLabels>[1] & Readonly<Record<string, unknown>> {
  const isTags = (tags: unknown) => tags === undefined || (Array.isArray(tags) && tags.every(isText))
  return hasFields(value, { add: isTags, remove: isTags, note: (note) => note === undefined || isText(note) })
}

function several(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : [value].flat()
}

function single(query: Query, name: string): string | undefined {
  return several(query[name]).at(-1)
}

function count(query: Query, name: string, usual: number, most: number): number {
  const typed = single(query, name)
  if (typed === undefined) return usual
  const value = Number(typed)
  if (/^\d{1,9}$/.test(typed) && value <= most) return value
  throw new UserError(`${name} is a whole number${most === Infinity ? '' : ` from 0 to ${most}`}`)
}
