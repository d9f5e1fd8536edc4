// Logs, read back by what they are for: a real `mlflow server`, and TensorBoard's package of Python. Both come from
// PyPI once, into the cache folder. What vitest takes may be given, as `npm run test:tracking -- -t TensorBoard`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { environment, root, tool } from './environment.mjs'

function run(args, cwd = root) {
  const { status } = spawnSync(process.execPath, args, { cwd, env: environment, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

run([tool('tsc'), '--build'])
run([tool('vitest'), 'run', '--config', 'tracking/vitest.config.mjs', ...process.argv.slice(2)], join(root, 'test'))
