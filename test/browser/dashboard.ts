/** A dashboard in a process of its own, as people have it. */
import { type Options, type Running, start } from '../gradpool.js'

export interface Served {
  /** As it was printed, with its token where it has one. */
  readonly url: string
  readonly running: Running
}

export async function startDashboard(args: readonly string[], options: Options): Promise<Served> {
  const running = start(['dashboard', '--port', '0', ...args], options)
  let said = ''
  running.child.stdout?.on('data', (text: string) => (said += text))
  await running.said('http://')
  await running.said('\n')
  return { url: /http:\/\/\S+/.exec(said)?.[0] ?? '', running }
}

export async function stopDashboard({ running }: Served): Promise<void> {
  running.child.kill('SIGTERM')
  await running.ended
}

export function pageAt({ url }: Served, path: string): string {
  return `${url.replace(/\/$/, '')}/#/${path}`
}
