/**
 * What a mistake of a user must come to: one sentence that says what is wrong, exit code 2, and nothing half-written.
 * That a process ends with that code is for the tests of each command; here it is what `main` comes to.
 */
import { expect } from 'vitest'
import { contentsOf, emptyFolder, gradpoolHere } from './gradpool.js'

export async function expectMistake(
  args: readonly string[],
  sentence: RegExp | string | readonly (RegExp | string)[],
  options: { readonly cwd?: string } = {},
): Promise<void> {
  const cwd = options.cwd ?? (await emptyFolder())
  const before = await contentsOf(cwd)
  const { code, stdout, stderr } = await gradpoolHere(args, cwd)
  for (const part of [sentence].flat()) expect(stderr).toMatch(part)
  expect(stderr).toMatch(/^[^\n]+\n$/)
  expect(stderr).not.toMatch(/\bat .*:\d+:\d+|node:internal|undefined|\[object /)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(await contentsOf(cwd)).toEqual(before)
}
