/**
 * The parent's side of the line protocol: a long-lived process that trains as many steps as it is told (see
 * python/serve.py for the messages).
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const PATIENCE_MS = 240_000

/**
 * Starts a peer on a workload. @returns a runner, whose `firstAnswerSeconds` is from its start to the end of its first
 * chunk of steps
 */
export async function startChild({ command, args, env }, workload, data) {
  const started = performance.now()
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const stderr = []
  child.stderr.on('data', (chunk) => stderr.push(chunk))
  child.stdin.on('error', () => {}) // A child that died is noticed by its missing answer.
  const answers = []
  const waiting = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return
    const message = JSON.parse(line)
    const waiter = waiting.shift()
    if (waiter) waiter.resolve(message)
    else answers.push(message)
  })
  let ended
  const end = (reason) => {
    ended ??= new Error(reason)
    for (const { reject } of waiting.splice(0)) reject(ended)
  }
  child.on('error', (error) => end(error.message))
  const closed = new Promise((resolve) => child.on('close', resolve))
  child.on('close', (code, signal) => end(`ended with ${signal ?? code}: ${lastLine(stderr)}`))

  const ask = async (message) => {
    if (ended) throw ended
    child.stdin.write(`${JSON.stringify(message)}\n`)
    const late = setTimeout(() => {
      end(`no answer within ${PATIENCE_MS / 1000} s`)
      child.kill('SIGKILL')
    }, PATIENCE_MS)
    try {
      return answers.shift() ?? (await new Promise((resolve, reject) => waiting.push({ resolve, reject })))
    } finally {
      clearTimeout(late)
    }
  }
  const { version, chunk } = await ask({ workload, data })
  const run = (steps) => ask({ steps })
  const first = await run(chunk)
  return {
    version,
    chunk,
    run,
    firstLoss: first.loss,
    firstAnswerSeconds: (performance.now() - started) / 1000,
    async stop() {
      if (ended) return
      child.kill()
      await closed
    },
  }
}

function lastLine(chunks) {
  return Buffer.concat(chunks).toString().trim().split('\n').at(-1)
}
