import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../environment.mjs'
import { publishedManifest, repositoryManifest } from '../published-manifest.mjs'
import { faultsOf } from './check-library.mjs'
import { manifestOf, packageName, platforms } from './platforms.mjs'
import { readLibrary } from './read-library.mjs'
import { sourcesHere } from './sources.mjs'

const engine = join(root, 'packages', 'engine-cpu')
const manifest = JSON.parse(readFileSync(join(engine, 'package.json'), 'utf8'))

test('while it is packed, the engine depends on the package of every platform, at its own version', () => {
  const packed = publishedManifest('engine-cpu', manifest)
  expect(packed.optionalDependencies).toEqual({
    '@gradpool/engine-cpu-linux-x64-gnu': manifest.version,
    '@gradpool/engine-cpu-linux-x64-musl': manifest.version,
    '@gradpool/engine-cpu-linux-arm64-gnu': manifest.version,
    '@gradpool/engine-cpu-linux-arm64-musl': manifest.version,
    '@gradpool/engine-cpu-darwin-x64': manifest.version,
    '@gradpool/engine-cpu-darwin-arm64': manifest.version,
    '@gradpool/engine-cpu-win32-x64': manifest.version,
    '@gradpool/engine-cpu-win32-arm64': manifest.version,
  })
  expect(JSON.stringify(repositoryManifest(packed))).toBe(JSON.stringify(manifest))
})

test('a package is for one platform, and has nothing to run', () => {
  const musl = manifestOf(
    platforms.find(({ name }) => name === 'linux-arm64-musl'),
    manifest,
    sourcesHere(),
  )
  expect(musl).toMatchObject({ version: manifest.version, os: ['linux'], cpu: ['arm64'], libc: ['musl'] })
  const address = { repository: { type: 'git', url: 'git+https://host.example/someone/pool.git' } }
  expect(manifestOf(platforms[0], publishedManifest('engine-cpu', manifest, address), sourcesHere())).toMatchObject({
    repository: { ...address.repository, directory: 'packages/engine-cpu' },
  })
  for (const platform of platforms) {
    const { scripts, dependencies, libc } = manifestOf(platform, manifest, sourcesHere())
    expect([scripts, dependencies]).toEqual([undefined, undefined])
    expect(libc === undefined).toBe(platform.os !== 'linux')
  }
})

const built = join(engine, 'dist', 'native', 'portable.node')
const isHere = existsSync(built) && process.platform === 'linux'

describe.skipIf(!isHere)('the library that was built here', () => {
  const here = platforms.find(({ cpu, libc }) => cpu === process.arch && libc === 'gnu')

  test('takes Node-API and a few functions of the system, and no mathematics', () => {
    const { format, cpu, exports } = readLibrary(readFileSync(built))
    expect({ format, cpu }).toEqual({ format: 'ELF', cpu: process.arch })
    expect(exports.sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1'])
    // It may ask for a newer glibc than packages do.
    expect(faultsOf(readFileSync(built), { ...here, libc: undefined })).toEqual([])
  })

  test('is none for another platform', () => {
    const other = platforms.find(({ cpu, libc }) => cpu !== process.arch && libc === 'gnu')
    expect(faultsOf(readFileSync(built), other).join()).toMatch(/it is for .*, not /)
    expect(faultsOf(readFileSync(built), platforms.at(-1)).join()).toMatch(/it is ELF, not PE/)
  })
})

test('what is no library is told', () => {
  expect(faultsOf(Buffer.from('This is not a library.'), platforms[0])).toEqual(['it is no library of a known format'])
})

const folderOf = ({ name }) => join(engine, 'npm', name)

// After `npm run build:platforms`, which writes the manifest last.
const made = platforms.filter((platform) => existsSync(join(folderOf(platform), 'package.json')))
test.each(made)('$name has libraries for it', (platform) => {
  const folder = folderOf(platform)
  const files = readdirSync(folder).filter((file) => file.endsWith('.node'))
  expect(files).toContain('portable.node')
  for (const file of files) expect(faultsOf(readFileSync(join(folder, file)), platform), file).toEqual([])
  const own = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  expect(own.name).toBe(packageName(platform))
})
