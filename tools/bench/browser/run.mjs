// Steps in Chromium beside those of Node's WebAssembly, on one thread, round by round: `npm run bench:browser`.
//
//   node tools/bench/browser/run.mjs [rounds]      CHROMIUM names the browser; default: chromium
import { build } from 'esbuild'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { cpus, loadavg, tmpdir } from 'node:os'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { measure } from './steps.mjs'

const rounds = Number(process.argv[2] ?? 5)
const { CHROMIUM: executablePath = '/usr/bin/chromium' } = process.env
const files = dirname(fileURLToPath(import.meta.resolve('gradpool/worker')))
const folder = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' }
const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

const server = createServer(({ url = '/' }, response) => {
  const path = url === '/' ? '/index.html' : url
  try {
    response
      .writeHead(200, { ...isolation, 'content-type': types[extname(path)] })
      .end(readFileSync(join(folder, path)))
  } catch {
    response.writeHead(404).end()
  }
})

async function run() {
  const contents = `
    import { locateFiles } from 'gradpool'
    import { measure } from './steps.mjs'
    locateFiles({ 'gradpool-worker.js': location.origin + '/gradpool-worker.js', 'kernels.wasm': location.origin + '/kernels.wasm' })
    globalThis.measure = measure`
  const stdin = { contents, resolveDir: import.meta.dirname }
  await build({
    stdin,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'error',
    outfile: join(folder, 'main.js'),
  })
  for (const name of ['gradpool-worker.js', 'kernels.wasm']) copyFileSync(join(files, name), join(folder, name))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="main.js"></script>')
  await new Promise((resolve) => server.listen(0, 'localhost', resolve))
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  const best = { Node: {}, Chromium: {} }
  const keep = (where, micros) => {
    for (const [name, value] of Object.entries(micros))
      best[where][name] = Math.min(best[where][name] ?? Infinity, value)
  }
  try {
    const page = await browser.newPage()
    await page.goto(`http://localhost:${server.address().port}/`)
    await page.waitForFunction(() => 'measure' in globalThis)
    for (let round = 0; round < rounds; round++) {
      keep('Node', await measure())
      keep('Chromium', await page.evaluate(() => globalThis.measure()))
    }
    console.log(`Node ${process.versions.node}, Chromium ${browser.version()}, ${cpus().length} × ${cpus()[0]?.model}`)
    console.log(`load ${loadavg()[0].toFixed(1)}; the fastest epoch of ${rounds} rounds, microseconds a step`)
    for (const [name, node] of Object.entries(best.Node)) {
      const there = best.Chromium[name]
      console.log(`${name}: Node ${node.toFixed(1)}, Chromium ${there.toFixed(1)}, ratio ${(there / node).toFixed(2)}`)
    }
  } finally {
    await browser.close()
    server.close()
  }
}

try {
  await run()
} finally {
  rmSync(folder, { recursive: true })
}
process.exit()
