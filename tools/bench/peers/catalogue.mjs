/** The whole catalogue, end to end on all cores: seconds from the start of a command to its end. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../environment.mjs'
import { median, spread } from '../statistics.mjs'
import { pythonPath } from './install.mjs'
import { mnistFolder } from './mnist.mjs'

const cli = join(root, 'packages', 'gradpool', 'bin', 'gradpool.js')
const jax = fileURLToPath(new URL('python/catalogue_jax_cores.py', import.meta.url))

/** Who can run the catalogue, by the id of the peer, and how. */
const commands = {
  native: gradpool('native'),
  wasm: gradpool('wasm'),
  tensorflow: gradpool('tensorflow'),
  jax: {
    name: 'JAX, a process per core',
    command: (epochs) => [pythonPath, jax, mnistFolder, ...(epochs ? [String(epochs)] : [])],
    accuracies: (output) => Object.values(JSON.parse(output)),
  },
}

function gradpool(engine) {
  return {
    name: `Gradpool ${engine === 'wasm' ? 'WebAssembly' : engine}`,
    command: (epochs, out) => {
      const options = ['--engine', engine, '--fresh', '--json', '--out', out]
      if (epochs) options.push('--epochs', String(epochs))
      return [process.execPath, cli, 'run', 'report', ...options]
    },
    accuracies: (output) => JSON.parse(output).experiments.map(({ accuracy }) => accuracy),
  }
}

/** @returns one row a competitor among `ids`: its figures, or `{ name, failure }` */
export async function timeCatalogue(ids, { rounds, epochs }) {
  const entries = ids.filter((id) => id in commands).map((id) => ({ id, ...commands[id], seconds: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const entry of entries) {
      if (entry.failure !== undefined) continue
      try {
        entry.seconds.push(await time(entry, epochs))
      } catch (error) {
        entry.failure = error.message
      }
    }
  }
  const baseline = entries.find(({ failure }) => failure === undefined)
  return entries.map(({ id, name, failure, seconds, meanAccuracy }) =>
    failure === undefined
      ? {
          id,
          name,
          seconds: median(seconds),
          spread: spread(seconds),
          timesGradpool: median(seconds.map((value, round) => value / baseline.seconds[round])),
          meanAccuracy,
        }
      : { id, name, failure },
  )
}

async function time(entry, epochs) {
  const out = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
  try {
    const started = performance.now()
    const output = await execute(entry.command(epochs, out))
    const seconds = (performance.now() - started) / 1000
    const accuracies = entry.accuracies(output)
    entry.meanAccuracy = accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length
    // Six experiments, of which guessing would get a tenth right.
    if (accuracies.length !== 6 || !(entry.meanAccuracy > 0.3)) {
      throw new Error(`accuracies of ${accuracies.join(', ')}`)
    }
    return seconds
  } finally {
    rmSync(out, { recursive: true })
  }
}

function execute([command, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const stdout = []
    const stderr = []
    child.stdout.on('data', (chunk) => stdout.push(chunk))
    child.stderr.on('data', (chunk) => stderr.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) return resolve(Buffer.concat(stdout).toString())
      const lines = Buffer.concat(stderr).toString().trim().split('\n')
      reject(new Error(lines.at(-1) || `ended with ${code}`))
    })
  })
}
