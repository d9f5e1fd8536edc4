/** Starts the servers: each a process on a free port, warm when it has given the answer that is expected. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../environment.mjs'
import { pythonEnvironment } from '../../python-environment.mjs'
import { bytesOf } from './model.mjs'

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const { pythonPath, install } = pythonEnvironment('bench-peers', requirements)
const PATIENCE_MS = 60_000
const CLOSE = 1e-4

const web = ['fastapi', 'uvicorn', 'uvloop', 'httptools']

/** All that are compared, Gradpool first. */
export const servers = [
  {
    id: 'gradpool',
    name: 'gradpool serve',
    paths: { json: '/v2/models/digits/infer', bytes: '/v2/models/digits/infer' },
    install: () => undefined,
    start: (folder, port) => ({
      command: process.execPath,
      args: [
        ...[join(root, 'packages/gradpool/bin/gradpool.js'), 'serve', join(folder, 'digits.gradpool')],
        ...['--port', String(port)],
      ],
    }),
  },
  ...['onnx', 'torch'].flatMap((runtime) => [1, 2].map((workers) => peer(runtime, workers))),
]

/** With two workers each has one thread, with one two: as many as there are cores. */
function peer(runtime, workers) {
  const library = { onnx: 'ONNX Runtime', torch: 'PyTorch' }[runtime]
  return {
    id: `${runtime}-${workers}`,
    name: `FastAPI, ${library}, ${workers} uvicorn ${workers === 1 ? 'worker' : 'workers'}`,
    paths: { json: '/json', bytes: '/bytes' },
    install: () => install(`serving-${runtime}`, [...web, 'numpy', { onnx: 'onnxruntime', torch: 'torch' }[runtime]]),
    start: (folder, port) => ({
      command: pythonPath,
      args: [
        ...['-m', 'uvicorn', 'serve_peer:app', '--host', '127.0.0.1', '--port', String(port)],
        ...['--workers', String(workers), '--no-access-log', '--log-level', 'error'],
      ],
      cwd: fileURLToPath(new URL('python', import.meta.url)),
      env: {
        BENCH_RUNTIME: runtime,
        BENCH_FOLDER: folder,
        BENCH_THREADS: String(2 / workers),
        OMP_NUM_THREADS: String(2 / workers),
        CUDA_VISIBLE_DEVICES: '',
        PYTHONDONTWRITEBYTECODE: '1',
      },
    }),
  }
}

/** What is sent for one row, in each form. */
export function requestsFor(image) {
  const inputs = [{ name: 'image', shape: [1, image.length], datatype: 'FP32', data: Array.from(image) }]
  return {
    json: { headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ inputs })) },
    bytes: {
      headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': '0' },
      body: bytesOf(image),
    },
  }
}

/** @returns its address, `cpuSeconds` so far, and `stop` */
export async function startServer({ start, paths }, folder, { requests, probabilities }) {
  const port = await freePort()
  const { command, args, cwd, env } = start(folder, port)
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const closed = new Promise((resolve) => child.on('close', resolve))
  const stop = async () => {
    child.kill()
    await closed
  }
  const url = `http://127.0.0.1:${port}`
  try {
    await answering(`${url}${paths.json}`, requests.json, () => child.exitCode ?? child.signalCode)
    for (const form of ['json', 'bytes']) await checkAnswer(`${url}${paths[form]}`, requests[form], probabilities)
  } catch (error) {
    await stop()
    throw new Error(`${error.message} ${stderr.trim().split('\n').at(-1)}`, { cause: error })
  }
  return { url, cpuSeconds: () => cpuSeconds(child.pid), stop }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function answering(url, { headers, body }, hasEnded) {
  for (const until = performance.now() + PATIENCE_MS; ;) {
    try {
      await fetch(url, { method: 'POST', headers, body })
      return
    } catch {
      if (hasEnded() !== null || performance.now() > until) throw new Error('it did not start:')
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

async function checkAnswer(url, { headers, body }, expected) {
  const answer = await fetch(url, { method: 'POST', headers, body })
  const bytes = Buffer.from(await answer.arrayBuffer())
  const isJson = answer.headers.get('content-type').startsWith('application/json')
  const values = isJson
    ? JSON.parse(bytes).outputs.at(0).data
    : floatsIn(bytes.subarray(bytes.length - 4 * expected.length))
  const isSame = answer.ok && expected.every((value, at) => Math.abs(value - values[at]) < CLOSE)
  if (!isSame) throw new Error(`${url} answers ${answer.status} ${JSON.stringify(values)}`)
}

const floatsIn = (bytes) => new Float32Array(Uint8Array.from(bytes).buffer)

/** Of a process and those that it started, as Linux tells it; undefined elsewhere. */
function cpuSeconds(pid) {
  if (process.platform !== 'linux') return undefined
  const TICKS = 100
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // The name of the program is in parentheses, and may have spaces.
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ')
        return [{ pid: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }]
      } catch {
        return []
      }
    })
  const mine = new Set([pid])
  for (let size = 0; size !== mine.size;) {
    size = mine.size
    for (const { pid: its, parent } of stats) if (mine.has(parent)) mine.add(its)
  }
  return stats.filter((it) => mine.has(it.pid)).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS
}
