/**
 * The dashboard beside a run, in a process of its own, so that what pages ask for takes no time of the one that trains.
 * It ends with that one, however that ends.
 */
import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { UserError } from '@gradpool/core'
import { importOptional } from '../optional-part.js'
import { ownEnvironment, program } from '../supervise.js'

export interface DashboardBeside {
  /** Where it is, as a line to print. */
  readonly told: string
  end(): void
}

/** @throws UserError where its package is not installed, or it cannot start */
export async function dashboardBeside(runs: string): Promise<DashboardBeside> {
  // Only whether it is there: this process loads nothing of it.
  const find = () => Promise.resolve(import.meta.resolve('@gradpool/dashboard'))
  await importOptional('A dashboard', '@gradpool/dashboard', find)
  const [file, ...args] = [...program(), 'dashboard', '--runs', runs, '--with-parent']
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: ownEnvironment() })
  const said: string[] = []
  const told = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', resolve)
    createInterface(child.stderr).on('line', (line) => said.push(line))
    child.on('error', reject)
    child.on('close', () => reject(new UserError(said.at(-1) ?? 'the dashboard ended at once')))
  })
  // It keeps nothing alive that has ended.
  child.unref()
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    if (stream instanceof Socket) stream.unref()
    stream.on('error', () => undefined)
  }
  return { told, end: () => child.stdin.end() }
}
