// The tests of test/faults at their full length: hundreds of kills and faults. `npm test` runs a short set of them.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { environment, root } from './environment.mjs'

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const child = spawn(process.execPath, [vitest, 'run', 'faults', ...process.argv.slice(2)], {
  cwd: join(root, 'test'),
  env: { ...environment, GRADPOOL_LONG_TESTS: '1' },
  stdio: 'inherit',
})
child.on('close', (code) => {
  process.exitCode = code ?? 1
})
