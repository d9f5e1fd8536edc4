/**
 * Tries mutated Programs on the engines `wasm` and `native`: each is refused in one sentence, or gives the same bits on
 * both, which are the reference evaluator's within its tolerance. No case may crash, hang, break an invariant or take
 * more memory than is said here.
 *
 *     node tools/mutations/programs.mjs [--count 20000] [--first 0]
 *
 * A case follows from its number alone. Cases run in a child process, which tells the number before each: one that
 * crashes or hangs is counted, and another child goes on behind it.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const MOST_SECONDS = 20
/** Of a child, at its peak: two arenas of 128 MiB and what JavaScript keeps. */
const MOST_MEGABYTES = 1024

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    first: { type: 'string', default: '0' },
    child: { type: 'boolean', default: false },
  },
})
const first = Number(values.first)
const end = first + Number(values.count)

if (values.child) {
  const { tryCases } = await import('./cases.mjs')
  await tryCases(first, end, MOST_MEGABYTES)
} else {
  process.exitCode = await supervise()
}

async function supervise() {
  const started = performance.now()
  const counts = { refused: 0, alike: 0, right: 0 }
  const failures = []
  let megabytes = 0
  let next = first
  while (next < end) {
    const { last, how } = await runChild(next, (line) => {
      if (line.verdict === 'wrong') failures.push(line)
      else counts[line.verdict] += 1
      megabytes = Math.max(megabytes, line.megabytes)
    })
    if (how !== undefined) failures.push({ number: last, what: how })
    next = last + 1
  }
  for (const { number, source, what } of failures.slice(0, 50)) {
    console.log(`${number}${source ? ` (${source})` : ''}: ${what}`)
  }
  const seconds = Math.round((performance.now() - started) / 1000)
  const { refused, alike, right } = counts
  console.log(
    `${end - first} mutated Programs in ${seconds} s: ${refused} refused, ${right} as by the reference evaluator, ` +
      `${alike} of which it says nothing, ${failures.length} wrong; at most ${megabytes} MiB`,
  )
  return failures.length === 0 ? 0 : 1
}

/** The last case that a child tried, and how it ended if not well. */
function runChild(from, onLine) {
  return new Promise((resolve) => {
    const args = [fileURLToPath(import.meta.url), '--child', '--first', `${from}`, '--count', `${end - from}`]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let last = from
    let how
    let timer
    const watch = () => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        how = `took more than ${MOST_SECONDS} s`
        child.kill('SIGKILL')
      }, MOST_SECONDS * 1000)
    }
    watch()
    createInterface({ input: child.stdout }).on('line', (text) => {
      watch()
      const line = JSON.parse(text)
      if (line.begins !== undefined) last = line.begins
      else onLine(line)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code !== 0) how ??= `ended the process: ${signal ?? `code ${code}`}`
      resolve({ last: how === undefined ? end - 1 : last, how })
    })
  })
}
