// Reads mutated files of one kind; see run.mjs.
import { linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { UserError } from '@gradpool/core'
import { Mutations } from '@gradpool/engine-contract/mutations'
import { openSealed, sealJson } from '@gradpool/storage'
import { makeKind } from './kinds.mjs'

const [name, count, seed, first] = process.argv.slice(2).map((text, at) => (at === 0 ? text : Number(text)))
const mostMs = 5000
const reserveBytes = 160e6
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const isControl = /[\u0000-\u001f\u007f-\u009f]/

process.on('disconnect', () => process.exit(1))
process.channel?.unref()
const kind = await makeKind(name)
const { folder, files, others, read, isSealed } = kind
const paths = Object.keys(files)
const whole = await read()
const pipe = join(kind.root, 'pipe')
if (process.platform !== 'win32') execFileSync('mkfifo', [pipe])

/** What is no file of this kind. */
const places = {
  pipe: (path) => linkSync(pipe, path),
  folder: (path) => mkdirSync(join(path, 'inner'), { recursive: true }),
  dangling: (path) => symlinkSync(join(kind.root, 'nothing'), path),
  device: (path) => symlinkSync('/dev/zero', path),
  huge: (path) => {
    writeFileSync(path, '')
    truncateSync(path, 2 ** 36)
  },
  missing: () => undefined,
}

/** Puts something in the place of the file. @returns whether only what was written may come of it */
function mutate(mutations, path) {
  const bytes = files[path]
  const where = join(folder, path)
  const how = mutations.random(20)
  if (how === 0) {
    rmSync(where)
    const [special] = Object.keys(places).splice(mutations.random(Object.keys(places).length), 1)
    places[special](where)
    return !['missing', 'dangling'].includes(special) || !kind.mayMiss?.includes(path)
  }
  if (how === 1) {
    const exchanged = [...paths.map((each) => files[each]), ...Object.values(others)]
    writeFileSync(where, exchanged[mutations.random(exchanged.length)])
    return kind.isAlone !== true
  }
  const isJson = /^\s*[{[]/.test(bytes.toString('latin1', 0, 8))
  if (isJson && how < 11) {
    const text = mutations.json(bytes.toString())
    const sealed = isSealed?.(path) && how < 6 ? resealed(text) : undefined
    writeFileSync(where, sealed ?? text)
    return sealed === undefined
  }
  writeFileSync(where, mutations.bytes(bytes))
  return true
}

/** With a checksum that fits; undefined for what is no JSON object. */
function resealed(text) {
  try {
    const { value } = openSealed(text)
    return sealJson({ ...value })
  } catch {
    return undefined
  }
}

async function restore(path) {
  const where = join(folder, path)
  rmSync(where, { recursive: true, force: true })
  writeFileSync(where, files[path])
}

/** Undefined where it is as it should be. */
async function complaint(isStrict) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${mostMs} ms`)), mostMs)
  })
  try {
    const value = await Promise.race([read(), late])
    if (kind.isStrict && isStrict && !isDeepStrictEqual(value, whole)) return 'it reads as something else'
  } catch (error) {
    if (!(error instanceof UserError)) return error.stack ?? String(error)
    counts.refused++
    // Line ends and commands to a terminal, or more than a sentence, are what a file has in it.
    if (error.message.length > 1000 || isControl.test(error.message)) {
      return `it says: ${JSON.stringify(error.message.slice(0, 1200))}`
    }
    if (/\bat .*:\d+:\d+|invariant|version undefined|\[object /.test(error.message)) return `it says: ${error.message}`
  } finally {
    clearTimeout(timer)
  }
  return undefined
}

const counts = { refused: 0, wrong: 0, slowest: 0 }
for (let i = 0; i < 50; i++) await read()
globalThis.gc?.()
const before = process.memoryUsage.rss()
for (let i = first; i < first + count; i++) {
  const mutations = new Mutations((seed * 2 ** 24 + i) >>> 0)
  const path = paths[mutations.random(paths.length)]
  const isStrict = mutate(mutations, path)
  const started = performance.now()
  const wrong = await complaint(isStrict)
  counts.slowest = Math.max(counts.slowest, performance.now() - started)
  if (wrong !== undefined && ++counts.wrong <= 5) {
    console.log(`${path}: ${wrong}\n  repeat: node test/mutations/run.mjs 1 ${seed} ${name} ${i}`)
    if (process.env.GRADPOOL_SHOW === '1') console.log(readFileSync(join(folder, path)).toString().slice(0, 2000))
  }
  await restore(path)
  if (i % 500 === 0) globalThis.gc?.()
}
const size = Object.values(files).reduce((sum, { length }) => sum + length, 0)
const most = process.resourceUsage().maxRSS * 1024 - before
const ok = counts.wrong === 0 && most < 4 * size + reserveBytes
console.log(
  `${ok ? 'ok' : 'FAILED'} ${name}: ${count} mutations, ${counts.refused} refused, ${counts.wrong} wrong, ` +
    `slowest ${counts.slowest.toFixed(0)} ms, ${(most / 1e6).toFixed(0)} MB more`,
)
rmSync(kind.root, { recursive: true, force: true })
process.exit(ok ? 0 : 1)
