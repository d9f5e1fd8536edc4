// The packages as others have them: packed, published to a registry of the test's own, installed by several package
// managers, and run in bundlers, frameworks and other runtimes; a short form is in `npm test`. It takes some
// twenty minutes, and programs of others from the registry that npm is configured with. Names of parts may be given:
// `npm run test:outside -- managers`, and what vitest takes, as `-t Jest`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { environment, root, tool } from './environment.mjs'

function run(args, cwd = root) {
  const { status } = spawnSync(process.execPath, args, { cwd, env: environment, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

run([tool('tsc'), '--build'])
run([tool('vitest'), 'run', '--config', 'outside/vitest.config.mjs', ...process.argv.slice(2)], join(root, 'test'))
