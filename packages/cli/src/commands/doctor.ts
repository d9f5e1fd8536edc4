/** `gradpool doctor`: what works on this machine, and how to get what does not. */
import { checkData } from '../doctor/data.js'
import { checkNativeEngine, checkTensorFlowEngine, checkWasmEngine } from '../doctor/engine.js'
import { type Check } from '../doctor/check.js'
import { checkCores, checkDisk, checkMemory, checkNode } from '../doctor/machine.js'
import { exitCode } from '../exit-code.js'
import { visibleIn } from '../display/visible-in.js'
import { type Io } from '../io.js'

export interface DoctorOptions {
  readonly data?: string
  readonly out: string
}

const nameWidth = 17

/** @returns 1 when nothing can be trained like this. */
export async function doctorCommand(options: DoctorOptions, { stdout }: Io): Promise<number> {
  const { green, yellow, red } = stdout.colours
  const marks = { ok: green('✔'), warn: yellow('!'), fail: red('✖') }
  const checks = [
    checkNode(),
    checkCores(),
    await checkWasmEngine(),
    await checkNativeEngine(),
    await checkTensorFlowEngine(),
    await checkData(options.data),
    await checkDisk(options.out),
    checkMemory(),
  ]
  for (const { name, state, found, remedy } of checks) {
    stdout.printColoured(`${marks[state]} ${visibleIn(`${name.padEnd(nameWidth)} ${found}`)}`)
    if (remedy !== undefined) stdout.print(`  ${' '.repeat(nameWidth)} → ${remedy}`)
  }
  stdout.print(`\n${verdictOf(checks)}`)
  return checks.some(({ state }) => state === 'fail') ? exitCode.failed : exitCode.done
}

function verdictOf(checks: readonly Check[]): string {
  const failed = checks.filter(({ state }) => state === 'fail')
  if (failed.length === 0) return 'Everything that a run needs is there.'
  return `Not ready to run: ${failed.map(({ name }) => name).join(', ')}.`
}
