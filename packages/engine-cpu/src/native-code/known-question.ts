/**
 * A question with a known answer: some training steps of a small network, over pseudo-random numbers, whose bits
 * WebAssembly's kernels have given (`known-answer.ts`). Native code that gives others is not used, so a platform on
 * which nobody has run it is as safe as the others. It takes a millisecond or two.
 */
import { EXEC_STATUS } from '../instructions.js'
import type { Addon } from '../native-kernels.js'
import { knownAnswer } from './known-answer.js'

/** An execution in an arena of its own, as the planner has written it, without its numbers. */
export interface Question {
  readonly memoryPages: number
  /** Address of the execution's words. */
  readonly exec: number
  readonly steps: number
  /** The words that are not 0, as runs: address, count, words ... */
  readonly words: readonly number[]
  /** Runs of numbers that `pseudoRandom` makes: address, count ... */
  readonly given: readonly number[]
  /** Runs of numbers that are the answer once the steps are done. */
  readonly asked: readonly number[]
}

export interface Answer extends Question {
  /** Of the numbers that are asked for. */
  readonly hash: number
}

/** Why an addon is not to be used, as a clause; undefined if it answers right. */
export function reasonAgainst(addon: Addon, answer: Answer = knownAnswer): string | undefined {
  if (typeof addon.run !== 'function' || typeof addon.check !== 'function') {
    return 'it has none of the kernels'
  }
  const arena = arenaOf(answer)
  const status = addon.check(arena, answer.exec) === 0 ? addon.run(arena, answer.exec, answer.steps, 0) : undefined
  if (status === undefined) return 'it is of another version than this package'
  if (EXEC_STATUS[status] !== 'done') return `it does not do the steps of a known training (${status})`
  return hashOf(arena, answer) === answer.hash ? undefined : 'it computes other bits than WebAssembly'
}

/** Memory in which the question is put. */
export function arenaOf({ memoryPages, words, given }: Question): Uint8Array {
  // The memory of WebAssembly begins at a page, as kernels expect.
  const { buffer } = new WebAssembly.Memory({ initial: memoryPages, maximum: memoryPages })
  for (let at = 0; at < words.length;) {
    const [address = 0, count = 0] = words.slice(at, at + 2)
    new Int32Array(buffer, address, count).set(words.slice(at + 2, at + 2 + count))
    at += 2 + count
  }
  const next = pseudoRandom()
  for (const run of runsOf(buffer, given)) {
    for (let i = 0; i < run.length; i++) run[i] = next()
  }
  return new Uint8Array(buffer)
}

/** FNV-1a, 32 bits, over words; any NaN counts as one, since its bits are no part of the contract. */
export function hashOf({ buffer }: Uint8Array, { asked }: Question): number {
  let hash = 0x811c9dc5
  for (const run of runsOf(buffer, asked)) {
    const bits = new Int32Array(run.buffer, run.byteOffset, run.length)
    for (let i = 0; i < run.length; i++) {
      const word = Number.isNaN(run[i]) ? 0x7fc00000 : (bits[i] ?? 0)
      hash = Math.imul(hash ^ word, 0x01000193)
    }
  }
  return hash >>> 0
}

function runsOf(buffer: ArrayBufferLike, runs: readonly number[]): Float32Array[] {
  const views: Float32Array[] = []
  for (let at = 0; at < runs.length; at += 2) {
    views.push(new Float32Array(buffer, runs[at], runs[at + 1]))
  }
  return views
}

/** Numbers between -1/4 and 1/4, of the upper bits of a linear congruence (Numerical Recipes). */
function pseudoRandom(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return (state >> 8) * 2 ** -25
  }
}
