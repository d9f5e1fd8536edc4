// Files as a disk, a person or an attacker might change them, for every reader: whatever they are, a reader comes to
// what was written, or refuses it in one sentence; soon, and within the memory of an honest file.
//
//     node test/mutations/run.mjs [mutations of each kind, 20000] [seed, 0] [kind] [number of the first, 0]
//
// What fails is told with the arguments that repeat it. Each kind is read in a process of its own.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { names } from './kinds.mjs'

const [count = '20000', seed = '0', only, first = '0'] = process.argv.slice(2)
const mostHeapMb = 512
const mostMs = 1_800_000

const wrong = [count, seed, first].find((number) => !/^\d+$/.test(number))
if (wrong !== undefined) {
  console.error(`'${wrong}' is not a whole number; the arguments are: mutations of each kind, seed, kind, first`)
  process.exit(2)
}
if (only !== undefined && !names.includes(only)) {
  console.error(`There is no kind '${only}'; there are ${names.join(', ')}`)
  process.exit(2)
}
const child = fileURLToPath(new URL('child.mjs', import.meta.url))
for (const kind of only === undefined ? names : [only]) {
  const args = [`--max-old-space-size=${mostHeapMb}`, '--expose-gc', child, kind, count, seed, first]
  // The channel tells the child when this process is gone.
  const running = spawn(process.execPath, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    timeout: mostMs,
    killSignal: 'SIGKILL',
  })
  const end = await new Promise((resolve) => running.on('exit', (code, signal) => resolve(signal ?? code)))
  if (end === 0) continue
  process.exitCode = 1
  console.log(`FAILED ${kind}: its process ended with ${end}`)
}
