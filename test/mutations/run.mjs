// Files as a disk, a person or an attacker might change them, for every reader: whatever they are, a reader comes to
// what was written, or refuses it in one sentence; soon, and within the memory of an honest file.
//
//     node test/mutations/run.mjs [mutations of each kind, 20000] [seed, 0] [kind] [number of the first, 0]
//
// What fails is told with the arguments that repeat it. Each kind is read in a process of its own.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

// Kinds use what packages keep to themselves, so they are bundled with the sources of it.
const here = fileURLToPath(new URL('.', import.meta.url))
const bundles = fileURLToPath(new URL('../test-output', import.meta.url))
await build({
  entryPoints: ['child', 'kinds'].map((name) => `${here}${name}.mjs`),
  outdir: bundles,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
})
const { names } = await import(new URL('../test-output/kinds.mjs', import.meta.url).href)

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
const child = `${bundles}/child.mjs`
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
