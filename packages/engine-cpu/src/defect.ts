/** Describes what is wrong with an execution that the kernels refuse to run (`kernels/check.c`). */
import { CHECK, CHECK_PART_SHIFT, OP, EXEC } from './instructions.js'

/**
 * @param code the result of `Kernels.check`, not 0
 * @param exec the words of the execution
 * @param words the words at an address
 */
export function defectOf(
  code: number,
  exec: Int32Array,
  words: (address: number, count: number) => Int32Array,
): string {
  const part = code >>> CHECK_PART_SHIFT
  const number = code & ((1 << CHECK_PART_SHIFT) - 1)
  if (part === CHECK.EXEC) return `word ${nameOf(EXEC, number)} of the execution`
  if (part === CHECK.RESULT) return `the record of result ${number}`
  const [name, from, count] =
    part === CHECK.PROGRAM
      ? ['a full batch', EXEC.PROGRAM, EXEC.PROGRAM_WORDS]
      : ['the last batch', EXEC.TAIL, EXEC.TAIL_WORDS]
  const plan = words((exec[from] ?? 0) >>> 0, (exec[count] ?? 0) >>> 0)
  let at = 0
  for (let i = 1; i < number; i++) at += plan[at + 1] ?? 0
  return `instruction ${number} of ${name}, ${nameOf(OP, plan[at] ?? 0)}`
}

function nameOf(names: Readonly<Record<string, number>>, wanted: number): string {
  return Object.keys(names).find((name) => names[name] === wanted) ?? `${wanted}`
}
