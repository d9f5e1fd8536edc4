/**
 * The lines of the user's code that nodes of a Program come from. They are recorded only where
 * asked for, as a stack for each node takes its time: a model is traced once more when something is
 * to be said of one of its nodes.
 */
import type { Program } from '../program/program.js'

let isRecording = false
const recorded = new WeakMap<Program, readonly (string | undefined)[]>()

/** Does something, and records the lines of all Programs that are traced meanwhile. */
export function recordingLines<T>(trace: () => T): T {
  const before = isRecording
  isRecording = true
  try {
    return trace()
  } finally {
    isRecording = before
  }
}

/** `file:line` of a node, where it was recorded and is the user's. */
export function lineOf(program: Program, node: number): string | undefined {
  return recorded.get(program)?.[node]
}

/** @internal */
export function recordsLines(): boolean {
  return isRecording
}

/** @internal @param lines by node */
export function keepLines(program: Program, lines: readonly (string | undefined)[]): void {
  recorded.set(program, lines)
}
