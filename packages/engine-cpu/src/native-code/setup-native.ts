/**
 * Compiles the kernels on this machine, from the C sources in this package, where no package has them for it. The same
 * program does it that the set-up of the repository runs.
 */
import { UserError } from '@gradpool/core'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compiledHere } from './native-files.js'
import { UsableCode, sentenceOf, usableCode } from './usable-code.js'

const COMPILE_MS = 600_000

/**
 * @param tell called with a line when something starts that takes a while
 * @returns the instruction sets there are, best first
 * @throws UserError that says why there is no native code
 */
export async function setupNative(tell: (line: string) => void): Promise<string[]> {
  const there = namesOf(usableCode())
  if (there.length > 0) return there
  tell('Compiling the kernels …')
  await compile()
  const compiled = new UsableCode([compiledHere()], () => undefined)
  const names = namesOf(compiled)
  const [problem] = compiled.problems
  if (names.length === 0)
    throw new UserError(problem ? sentenceOf(problem) : 'the kernels were compiled, but are not there')
  return names
}

function namesOf(code: UsableCode): string[] {
  return code.all().map(({ instructionSet }) => instructionSet)
}

function compile(): Promise<void> {
  const here = import.meta.url.endsWith('.ts') ? '../../native/build.mjs' : '../native/build.mjs'
  const program = fileURLToPath(new URL(here, import.meta.url))
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, '--strict'], { timeout: COMPILE_MS }, (error, stdout, stderr) => {
      if (error === null) {
        resolve()
        return
      }
      const said =
        `${stdout}\n${stderr}`
          .trim()
          .split('\n')
          .find((line) => /skipped|Error/.test(line)) ?? error.message
      reject(
        new UserError(`The kernels could not be compiled: ${said.replace(/^native kernels: skipped, /, '').trim()}`),
      )
    })
  })
}
