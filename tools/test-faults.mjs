// The tests of faults at their full length: hundreds of kills and faults. `npm test` runs a short set of them.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { environment, root } from './environment.mjs'

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const rest = process.argv.slice(2)
const long = { ...environment, GRADPOOL_LONG_TESTS: '1', GRADPOOL_FAULTS: '50' }
process.exitCode = await run('test', ['faults', ...rest])
process.exitCode ||= await run('packages/orchestrator', ['test/data-parallel.test.ts', ...rest])

function run(folder, args) {
  const cwd = join(root, folder)
  const child = spawn(process.execPath, [vitest, 'run', ...args], {
    cwd,
    env: long,
    stdio: 'inherit',
  })
  return new Promise((resolve) => {
    child.on('close', (code) => resolve(code ?? 1))
  })
}
