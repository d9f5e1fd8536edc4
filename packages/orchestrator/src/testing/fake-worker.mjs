/**
 * The worker module of the fake engine: counts steps in shared words, and does at one step what the test asked for.
 */
import { setImmediate } from 'node:timers'
import { setTimeout } from 'node:timers/promises'

export async function executeChunk({ words, floats, steps, seed, stepMs, mishap, count }) {
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  for (let i = 0; i < steps; i++) {
    if (Atomics.load(words, 1) === 1) return 'stopped'
    const step = Atomics.load(words, 0)
    if (mishap?.step === step && happens(mishap, count)) {
      if (mishap.kind === 'exit') process.exit(7)
      if (mishap.kind === 'throw') throw new Error('a fault of the engine')
      if (mishap.kind === 'nan') return 'notFinite'
      if (mishap.kind === 'hang') await setTimeout(60_000)
      if (mishap.kind === 'loop') for (;;);
      if (mishap.kind === 'memory') for (const all = []; ;) all.push(new Array(1000).fill(all))
      if (mishap.kind === 'late') {
        setImmediate(() => {
          throw new Error('thrown after the result')
        })
      }
    }
    if (stepMs > 0) Atomics.wait(sleeper, 0, 0, stepMs)
    floats[0] = 1 / (step + 1)
    floats[1] = floats[1] * 1.5 + seed + 1
    Atomics.add(words, 0, 1)
  }
  return 'done'
}

/** @param count How often it happened, in shared memory. */
function happens({ times = Infinity }, count = new Int32Array(1)) {
  return Atomics.add(count, 0, 1) < times
}
