/** `gradpool serve`: saved models behind HTTP, until it is told to stop. */
import { basename } from 'node:path'
import { UserError } from '@gradpool/core'
import { findStageModel } from '@gradpool/orchestrator'
import type { ModelFile, Reload } from '@gradpool/serve/server'
import { reasonOf } from '@gradpool/storage'
import { exitCode } from '../exit-code.js'
import { watchInterrupts } from '../interrupts.js'
import { type Io } from '../io.js'
import { importOptional } from '../optional-part.js'
import { typesText } from '../prediction/inputs.js'

export interface ServeOptions {
  readonly host: string
  readonly port: number
  readonly allowHost?: readonly string[]
  readonly batchRows: number
  readonly delay: number
  readonly queueRows: number
  readonly maxRows: number
  /** Megabytes. */
  readonly maxBody: number
  readonly copies: number
  readonly engine: 'auto' | 'native' | 'wasm'
  /** Where run directories are. */
  readonly runs: string
}

const MEGABYTE = 2 ** 20

/** Bodies that are received at the same time: so many of the largest, and 256 MiB at least. */
const BODIES_AT_ONCE = 4
const LEAST_BYTES_AT_ONCE = 2 ** 28

/**
 * @param targets each a model, or a name for it and the model, as `digits=latest/mnist_mlp_all`
 * @throws UserError for models that are not there, and an address that cannot be had
 */
export async function serveCommand(
  targets: readonly string[],
  options: ServeOptions,
  { stdout, stderr }: Io,
): Promise<number> {
  const { host, port, allowHost = [], batchRows, delay, queueRows, maxRows, maxBody, copies, engine, runs } = options
  const files = await Promise.all(targets.map((target) => fileOf(target, runs)))
  const { startServer } = await importOptional('A server', '@gradpool/serve', () => import('@gradpool/serve/server'))
  const token = process.env.GRADPOOL_TOKEN
  const mostBodyBytes = maxBody * MEGABYTE
  const server = await startServer({
    files,
    host,
    port,
    ...(token !== undefined && { token }),
    hosts: allowHost,
    batchRows,
    delay,
    queueRows,
    copies,
    engine,
    mostRows: maxRows,
    mostBodyBytes,
    mostBytesAtOnce: Math.max(LEAST_BYTES_AT_ONCE, BODIES_AT_ONCE * mostBodyBytes),
    onReload: (reload) => stderr.print(reloadText(reload)),
    onError: (error) => stderr.print(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  })
  const { address, models } = server
  let end: () => void = () => undefined
  const ended = new Promise<void>((resolve) => (end = resolve))
  const interrupts = watchInterrupts(() => {
    stderr.print('Stopping: what was asked is answered; once more stops at once')
    end()
  })
  for (const name of models.keys()) {
    const { inputs = {}, outputs = {} } = models.get(name) ?? {}
    stdout.print(`${name}: reads ${typesText(inputs)}; predicts ${typesText(outputs)}`)
  }
  if (server.token !== undefined && token === undefined) stdout.print(`Token: ${server.token}`)
  stdout.print(`Serving at ${address}/v2, with a page at ${address}/docs`)
  await ended
  await server.close()
  interrupts.dispose()
  return exitCode.done
}

async function fileOf(target: string, runs: string): Promise<ModelFile> {
  const [, name, named = ''] = /^([\w.-]+)=(.+)$/.exec(target) ?? []
  const { path, title } = await findStageModel(name === undefined ? target : named, { runs })
  return { name: name ?? basename(title), path }
}

function reloadText({ model, hash, error }: Reload): string {
  if (hash !== undefined) return `${model} was loaded again: ${hash}`
  const reason = error instanceof UserError ? error.message : `it cannot be loaded: ${reasonOf(error)}`
  return `${model} stays as it was: ${reason}`
}
