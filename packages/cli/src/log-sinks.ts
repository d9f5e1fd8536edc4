/** The sinks that `--log` asks for: files are in the run directory. */
import { join } from 'node:path'
import type { Sink } from '@gradpool/trainer'
import { importOptional } from './optional-part.js'
import { logSinkOf } from './options/log-sink.js'

/** @throws UserError where the package is not installed, or an address is none */
export async function logSinks(
  asked: readonly string[] = [],
): Promise<((directory: string) => readonly Sink[]) | undefined> {
  if (asked.length === 0) return undefined
  const load = () => import('@gradpool/tracking')
  const { csv, jsonLines, mlflow, tensorBoard } = await importOptional('--log', '@gradpool/tracking', load)
  const makers = asked.map((typed) => {
    const { kind, url } = logSinkOf(typed)
    if (kind === 'tensorboard') return (directory: string) => tensorBoard(join(directory, 'tensorboard'))
    if (kind === 'csv') return (directory: string) => csv(join(directory, 'csv'))
    if (kind === 'jsonl') return (directory: string) => jsonLines(join(directory, 'log.jsonl'))
    // An address that is none is told before anything is trained.
    const sink = mlflow(url === undefined ? {} : { url })
    return () => sink
  })
  return (directory) => makers.map((make) => make(directory))
}
