/**
 * What is wrong with a run that the kernels refuse before it begins (`kernels/check.c`), in words.
 */
import { CHECK, CHECK_PART_SHIFT, OP, RUN } from './instructions.js'

/**
 * @param code what `Kernels.check` returned, other than 0
 * @param run the run's words
 * @param words the words at an address
 */
export function defectOf(
  code: number,
  run: Int32Array,
  words: (address: number, count: number) => Int32Array,
): string {
  const part = code >>> CHECK_PART_SHIFT
  const number = code & ((1 << CHECK_PART_SHIFT) - 1)
  if (part === CHECK.RUN) return `word ${nameOf(RUN, number)} of the run`
  if (part === CHECK.RESULT) return `the record of result ${number}`
  const [name, from, count] =
    part === CHECK.PROGRAM
      ? ['a full batch', RUN.PROGRAM, RUN.PROGRAM_WORDS]
      : ['the last batch', RUN.TAIL, RUN.TAIL_WORDS]
  const plan = words((run[from] ?? 0) >>> 0, (run[count] ?? 0) >>> 0)
  let at = 0
  for (let i = 1; i < number; i++) at += plan[at + 1] ?? 0
  return `instruction ${number} of ${name}, ${nameOf(OP, plan[at] ?? 0)}`
}

function nameOf(names: Readonly<Record<string, number>>, wanted: number): string {
  return Object.keys(names).find((name) => names[name] === wanted) ?? `${wanted}`
}
