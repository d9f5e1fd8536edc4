// A reporter of Vitest: a line for each test when it has ended, at the end a table of them with what they found, then
// `N passed, N failed, N skipped`. A test says what it found by `task.meta.found`.
import { relative } from 'node:path'
import { root } from './environment.mjs'

const WORDS = { passed: 'ran', failed: 'FAILED', skipped: 'SKIPPED', pending: 'did not run' }

export class TableReporter {
  #rows = []

  onTestCaseResult(testCase) {
    const { state, errors = [], note = '' } = testCase.result()
    // Not asked for.
    if (state === 'skipped' && note === '') return
    const seconds = (testCase.diagnostic()?.duration ?? 0) / 1000
    const name = testCase.fullName.replaceAll(' > ', ': ')
    const [error = ''] = errors.map(({ message }) => message.trim())
    const found = state === 'passed' ? (testCase.meta().found ?? '') : state === 'failed' ? error.split('\n')[0] : note
    this.#rows.push({ name, state: WORDS[state] ?? state, seconds: seconds.toFixed(1), found })
    process.stdout.write(
      `${WORDS[state] ?? state}  ${name}  ${seconds.toFixed(1)} s  ${state === 'failed' ? error : found}\n`,
    )
  }

  onTestRunEnd(modules, unhandled) {
    const broken = [...modules].flatMap((module) => {
      const suites = [...module.children.allSuites()].flatMap((suite) => suite.errors())
      return [...module.errors(), ...suites].map(({ message }) => `${relative(root, module.moduleId)}: ${message}`)
    })
    const errors = [...broken, ...unhandled.map(({ message }) => String(message))]
    const rows = [{ name: 'what', state: '', seconds: 's', found: '' }, ...this.#rows]
    const width = (key) => Math.max(...rows.map((row) => row[key].length))
    const [nameWidth, stateWidth, secondsWidth] = ['name', 'state', 'seconds'].map(width)
    process.stdout.write('\n')
    for (const { name, state, seconds, found } of rows) {
      const cells = [name.padEnd(nameWidth), state.padEnd(stateWidth), seconds.padStart(secondsWidth), found]
      process.stdout.write(`${cells.join('  ').trimEnd()}\n`)
    }
    for (const error of errors) process.stdout.write(`error: ${error}\n`)
    const count = (state) => this.#rows.filter((row) => row.state === WORDS[state]).length
    const numFailed = count('failed') + errors.length
    process.stdout.write(`\n${count('passed')} passed, ${numFailed} failed, ${count('skipped')} skipped\n`)
  }
}
