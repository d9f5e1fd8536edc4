/** The child's side of the line protocol in Node; the messages are those of ../python/serve.py. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** `make(workload, data)` gives `{ version, run }`; `run(steps)` trains and returns the last loss. */
export async function serve(make) {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    return done ? undefined : JSON.parse(value)
  }
  const { workload, data } = await next()
  const { version, run } = await make(workload, read(data, workload))
  answer({ version, chunk: 1 })
  for (let request; (request = await next()) !== undefined;) {
    const started = performance.now()
    const cpu = process.cpuUsage()
    const loss = await run(request.steps)
    const seconds = (performance.now() - started) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const peakMB = process.resourceUsage().maxRSS / 1024
    answer({ seconds, cpuSeconds: (user + system) / 1e6, loss, peakMB })
  }
  // Engines with threads of their own would keep the process alive.
  process.exit(0)
}

function answer(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

function read(path, { numExamples, layers = [] }) {
  const bytes = new Uint8Array(readFileSync(path))
  const numPixels = numExamples * (layers[0] ?? 0)
  return { bytes, pixels: bytes.slice(0, numPixels), labels: bytes.slice(numPixels) }
}
