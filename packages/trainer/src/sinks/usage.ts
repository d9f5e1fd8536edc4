/** What the process takes of the machine: CPU, all of its threads together, and memory. */
import { nodeProcess } from '@gradpool/core/node-module'

export interface Usage {
  /** The time that `cores` is the mean of. */
  readonly overSeconds: number
  /** How many cores were busy. */
  readonly cores: number
  /** Resident. */
  readonly memoryBytes: number
}

const [LEAST_MS, MOST_MS] = [1000, 30_000]
/** The next sample is so much later, as a part of the time before. */
const LATER = 1 / 50

/** Milliseconds to the next sample: one second at first, then ever more, so that a day has three thousand. */
export function usageWait(elapsedMs: number): number {
  return Math.min(MOST_MS, Math.max(LEAST_MS, elapsedMs * LATER))
}

/** What was taken since it was asked last; undefined where that cannot be known, as in a browser. */
export function usageMeter(): (() => Usage) | undefined {
  const process = nodeProcess()
  if (!process?.cpuUsage || !process.memoryUsage) return undefined
  const { cpuUsage, memoryUsage } = process
  let [lastMs, lastCpu] = [performance.now(), cpuUsage()]
  return () => {
    const [nowMs, cpu] = [performance.now(), cpuUsage()]
    const busyMs = (cpu.user - lastCpu.user + cpu.system - lastCpu.system) / 1000
    const overMs = nowMs - lastMs
    lastMs = nowMs
    lastCpu = cpu
    const cores = overMs > 0 ? busyMs / overMs : 0
    return { overSeconds: rounded(overMs / 1000), cores: rounded(cores), memoryBytes: memoryUsage().rss }
  }
}

function rounded(value: number): number {
  return Math.round(1000 * value) / 1000
}
