/** Small curves of rows of the list. A run that has ended is read once; one that goes on is read on from there. */
import type { RunSummary } from '@gradpool/orchestrator'
import type { RunView } from '@gradpool/report'
import { join } from 'node:path'
import type { RowCurves as Told } from '../api.js'
import { FollowedRun } from './followed-run.js'
import type { WatchedList } from './watched-list.js'

type Curve = Told['curves'][string]

const MOST_VALUES = 32
/** Runs that go on, of which what was read is kept. */
const MOST_KEPT = 16

export class RowCurves {
  readonly #list: WatchedList
  /** By what the list tells of a run, which is another object once the run has changed. */
  readonly #ended = new WeakMap<RunSummary, ReadonlyMap<string, Curve>>()
  readonly #running = new Map<string, FollowedRun>()

  constructor(list: WatchedList) {
    this.#list = list
  }

  /**
   * @param rows RUN/EXPERIMENT each
   * @param isWanted Asked between runs: who went on to other rows does not wait for these.
   */
  async read(rows: readonly string[], isWanted: () => boolean): Promise<Told> {
    const { runs } = await this.#list.read()
    const byName = new Map(runs.map((run) => [run.name, run]))
    const found: [string, Curve][] = []
    for (const row of rows) {
      const run = byName.get(row.slice(0, row.indexOf('/')))
      if (run === undefined || !isWanted()) continue
      const curve = (await this.#curvesOf(run)).get(row.slice(run.name.length + 1))
      if (curve) found.push([row, curve])
    }
    return { curves: Object.fromEntries(found) }
  }

  async #curvesOf(run: RunSummary): Promise<ReadonlyMap<string, Curve>> {
    const before = this.#ended.get(run)
    if (before) return before
    // What cannot be read, the list tells.
    const followed = await this.#follow(run).catch(() => undefined)
    const curves = followed === undefined ? new Map<string, Curve>() : curvesIn(followed.told.view)
    if (run.status !== 'running') this.#ended.set(run, curves)
    return curves
  }

  async #follow({ name, status }: RunSummary): Promise<FollowedRun> {
    const known = this.#running.get(name)
    this.#running.delete(name)
    const run = known ?? (await FollowedRun.open(join(this.#list.folder, name), false))
    if (known) await known.look()
    if (status === 'running') this.#running.set(name, run)
    const [oldest] = this.#running.keys()
    if (this.#running.size > MOST_KEPT && oldest !== undefined) this.#running.delete(oldest)
    return run
  }
}

/** By experiment. */
function curvesIn({ experiments, stages }: RunView): Map<string, Curve> {
  const curves = new Map<string, Curve>()
  for (const { name, stages: hashes } of experiments) {
    if (curves.has(name)) continue
    const rows = hashes.map((hash) => stages[hash]?.rows ?? []).findLast(({ length }) => length > 0)
    if (rows === undefined) continue
    const isHeldOut = rows.some(({ validation }) => validation !== undefined)
    const losses = rows.flatMap((row) => {
      const loss = isHeldOut ? row.validation?.loss : row.loss
      return typeof loss === 'number' && Number.isFinite(loss) ? [loss] : []
    })
    const every = Math.max(1, losses.length / MOST_VALUES)
    const values = Array.from(
      { length: Math.min(losses.length, MOST_VALUES) },
      (_, at) => losses[at === MOST_VALUES - 1 ? losses.length - 1 : Math.floor(at * every)] ?? NaN,
    )
    curves.set(name, { metric: isHeldOut ? 'validation.loss' : 'loss', values })
  }
  return curves
}
