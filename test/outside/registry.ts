/** A registry of the test's own, on a free port of this machine: ours are in it, others come by way of npm's own. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { root } from '../docs/blocks.js'
import { fetched } from './fetched.js'
import { type Packed, packPlatforms } from './packed.js'
import { environment, node, npm, output } from './run.js'

export interface Registry {
  readonly url: string
  readonly stop: () => Promise<void>
}

const START_MS = 60_000

export async function startRegistry(): Promise<Registry> {
  const program = await fetched('verdaccio')
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-registry-'))
  const upstream = (await output(npm('config', 'get', 'registry'), { cwd: root })).trim()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  // Verdaccio reads YAML, of which JSON is a part.
  const config = {
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    uplinks: { upstream: { url: upstream, timeout: '60s', maxage: '60m', max_fails: 20, fail_timeout: '1s' } },
    packages: {
      gradpool: { access: '$all', publish: '$all' },
      '@gradpool/*': { access: '$all', publish: '$all' },
      '**': { access: '$all', proxy: 'upstream' },
    },
    max_body_size: '200mb',
    log: { type: 'stdout', format: 'pretty', level: 'warn' },
    web: { enable: false },
  }
  const file = join(folder, 'config.yaml')
  await writeFile(file, JSON.stringify(config))
  const command = join(program, 'node_modules/verdaccio/bin/verdaccio')
  const child = spawn(node, [command, '--config', file, '--listen', `127.0.0.1:${port}`], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  }
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const stop = async () => {
    kill()
    process.off('exit', kill)
    await rm(folder, { recursive: true, force: true })
  }
  const until = Date.now() + START_MS
  while (!(await answers(`${url}-/ping`))) {
    if (child.exitCode === null && Date.now() < until) {
      await delay(200)
      continue
    }
    await stop()
    throw new Error(`Verdaccio did not start: ${said.slice(-2000)}`)
  }
  return { url, stop }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  })
}

export async function publish({ url }: Registry, packages: Iterable<Packed>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-publish-'))
  try {
    // npm asks for a name, whoever may publish.
    await writeFile(join(folder, '.npmrc'), `registry=${url}\n${url.replace(/^http:/, '')}:_authToken=none\n`)
    const all = [...packages]
    const engine = all.find(({ name }) => name === '@gradpool/engine-cpu')
    const platforms = engine === undefined ? [] : await packPlatforms(engine, folder)
    for (const path of [...all.map((it) => it.path), ...platforms]) {
      await output(npm('publish', path, '--registry', url, '--ignore-scripts', '--provenance=false'), { cwd: folder })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
