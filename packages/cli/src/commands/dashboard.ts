/** `gradpool dashboard`: a page of all runs, those that go on among them, until it is told to stop. */
import { resolve } from 'node:path'
import { type Dashboard } from '@gradpool/dashboard'
import { findStageModel } from '@gradpool/orchestrator'
import { neighbourFinder } from '../dashboard/neighbours.js'
import { toldQueue } from '../dashboard/told-queue.js'
import { exitCode } from '../exit-code.js'
import { watchInterrupts } from '../interrupts.js'
import { type Io } from '../io.js'
import { importOptional } from '../optional-part.js'
import { type QueueChoice } from '../options/queue-options.js'
import { seldom } from '../queue/seldom.js'
import { program } from '../supervise.js'

export interface DashboardCommandOptions extends QueueChoice {
  /** Where run directories are. */
  readonly runs: string
  readonly host: string
  readonly port?: number
  readonly allowHost?: readonly string[]
  /** Files, or RUN/EXPERIMENT. */
  readonly model: readonly string[]
  /** End when nobody has the other end of its input. */
  readonly withParent?: boolean
}

const USUAL_PORT = 8100

/** @throws UserError for models that are not there, and an address that cannot be had */
export async function dashboardCommand(options: DashboardCommandOptions, { stdout, stderr }: Io): Promise<number> {
  const { runs, host, port, allowHost, model, queueFile, withParent = false } = options
  const models = await Promise.all(model.map((target) => findStageModel(target, { runs })))
  const { startDashboard } = await importOptional(
    'A dashboard',
    '@gradpool/dashboard',
    () => import('@gradpool/dashboard'),
  )
  const queue = await toldQueue(
    options,
    seldom((message) => stderr.print(`Warning: ${message}`)),
  )
  const token = process.env.GRADPOOL_TOKEN
  const asked = {
    runs,
    host,
    token,
    hosts: allowHost,
    models,
    queue: queue && (() => queue.read()),
    neighbours: neighbourFinder(),
    resumeCommand(directory: string) {
      const resume = [...program(), 'resume', resolve(directory), '--runs', resolve(runs)]
      return queueFile === undefined ? resume : [...resume, '--queue-file', resolve(queueFile)]
    },
    onError: (error: unknown) => stderr.print(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  }
  const dashboard = await startOn(port, (chosen) => startDashboard({ ...asked, port: chosen }))
  let end: () => void = () => undefined
  const ended = new Promise<void>((resolve) => (end = resolve))
  const interrupts = watchInterrupts(end)
  if (withParent) process.stdin.on('end', end).on('error', end).resume()
  const secret = dashboard.token === undefined ? '' : `#token=${dashboard.token}`
  stdout.print(`Dashboard: ${dashboard.address}/${secret}`)
  await ended
  await dashboard.close()
  await queue?.close()
  interrupts.dispose()
  process.stdin.pause()
  return exitCode.done
}

/** On the port that is asked for; on the usual one where none is, or where that is taken, on any that is free. */
async function startOn(port: number | undefined, start: (port: number) => Promise<Dashboard>): Promise<Dashboard> {
  if (port !== undefined) return start(port)
  try {
    return await start(USUAL_PORT)
  } catch (error) {
    const { cause } = error instanceof Error ? error : {}
    const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    if (!isTaken) throw error
    return start(0)
  }
}
