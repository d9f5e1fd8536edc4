// The fault tests at their full length: hundreds of kills, every call of the file system failed, fifty faults of each kind
// in worker threads, 100,000 mutated inputs for each parser. `npm test` runs a short set of them.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { environment, root } from './environment.mjs'

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const parts = [
  { folder: 'packages/orchestrator', args: [vitest, 'run', 'worker-faults', 'data-parallel'] },
  { folder: 'test', args: [vitest, 'run', 'faults'] },
  { folder: 'test', args: ['fuzz.mjs'] },
]
const env = { ...environment, GRADPOOL_LONG_TESTS: '1', GRADPOOL_FAULTS: '50' }

for (const { folder, args } of parts) {
  const child = spawn(process.execPath, args, { cwd: join(root, folder), env, stdio: 'inherit' })
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) process.exitCode = 1
}
