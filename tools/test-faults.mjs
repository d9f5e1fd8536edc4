// The fault tests at their full length: hundreds of kills, every call of the file system failed, fifty faults of each
// kind in worker threads and fifty processes ended by each signal, 100,000 changed inputs for each parser, pictures
// included; the catalogue on all images by TensorFlow, hash codes and networks on more images; and the patch of each
// guide of docs/contributing. `npm test` runs a short set of them. Parts may be named:
// `npm run test:faults -- kill fuzz`.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { environment, root } from './environment.mjs'

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const faults = (name) => ({ folder: 'test', args: [vitest, 'run', `faults/${name}`] })
const parts = {
  threads: {
    folder: 'packages/orchestrator',
    args: [vitest, 'run', 'worker-faults', 'data-parallel', 'averaging.test'],
  },
  kill: faults('kill'),
  supervision: faults('supervision'),
  disk: faults('disk'),
  memory: faults('memory'),
  tensorflow: { folder: 'packages/engine-tensorflow', args: [vitest, 'run', 'soak', 'src/contract'] },
  pictures: { folder: 'packages/cli', args: [vitest, 'run', 'read-png'] },
  fuzz: { folder: 'test', args: ['mutations/run.mjs', '100000'] },
  calls: faults('fault-points'),
  engines: { folder: 'test', args: [vitest, 'run', 'engines.test', 'networks.test'] },
  guides: { folder: '.', args: [vitest, 'run', '--config', 'vitest.units.mjs', '--project', 'tools', 'contributing'] },
}
const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0) {
  console.error(`There is no part '${unknown[0]}'; there are ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
const chosen = Object.entries(parts).filter(([name]) => asked.length === 0 || asked.includes(name))
const env = { ...environment, GRADPOOL_LONG_TESTS: '1', GRADPOOL_FAULTS: '50' }

const seconds = {}
for (const [name, { folder, args }] of chosen) {
  const started = performance.now()
  const child = spawn(process.execPath, args, { cwd: join(root, folder), env, stdio: 'inherit' })
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) process.exitCode = 1
  seconds[name] = Math.round((performance.now() - started) / 1000)
}
console.log('Seconds of each part:', seconds)
