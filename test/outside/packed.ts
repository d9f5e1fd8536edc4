/** All packages that are published, as npm packs them. */
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../docs/blocks.js'
import { npm, output } from './run.js'

export interface Packed {
  readonly name: string
  readonly version: string
  /** The packed file. */
  readonly path: string
  readonly packedBytes: number
  readonly installedBytes: number
  readonly files: readonly string[]
}

interface Listed {
  readonly name: string
  readonly version: string
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

function isPublished(name: string): boolean {
  const file = join(root, 'packages', name.replace('@gradpool/', ''), 'package.json')
  return existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { readonly private?: boolean }).private !== true
}

/** By name; `remove` removes the files. */
export async function packAll(): Promise<{ packages: ReadonlyMap<string, Packed>; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-packed-'))
  // Scripts, since one of ours refuses what is not built.
  const options = ['--workspaces', '--json', '--pack-destination', folder, '--ignore-scripts=false', '--loglevel=error']
  const printed = await output(npm('pack', ...options), { cwd: root })
  // Before npm 12 a list, then by name.
  const listed: unknown = JSON.parse(printed.slice(printed.search(/^[[{]/m)))
  const all = Object.values(listed as Readonly<Record<string, Listed>>)
  const packages = all
    .filter(({ name }) => isPublished(name))
    .map(({ name, version, filename, size, unpackedSize, files }): Packed => {
      const path = join(folder, filename.replace(/^@/, '').replaceAll('/', '-'))
      return { name, version, path, packedBytes: size, installedBytes: unpackedSize, files: files.map((it) => it.path) }
    })
  return {
    packages: new Map(packages.map((it) => [it.name, it])),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

export interface Unpacked {
  readonly path: string
  readonly manifest: Readonly<Record<string, unknown>>
  readonly remove: () => Promise<void>
}

/** As an installation has it, but for its dependencies. */
export async function unpack({ path }: Packed): Promise<Unpacked> {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-unpacked-'))
  await output(['tar', '-xzf', path, '-C', folder], { cwd: folder })
  const inside = join(folder, 'package')
  const manifest = JSON.parse(await readFile(join(inside, 'package.json'), 'utf8')) as Unpacked['manifest']
  return { path: inside, manifest, remove: () => rm(folder, { recursive: true, force: true }) }
}

/**
 * The packages of native code that one depends on, packed: that of this machine with what set-up compiled here, those
 * of others without code. `npm run build:platforms` makes the real ones.
 */
export async function packPlatforms(engine: Packed, folder: string): Promise<string[]> {
  const { manifest, remove } = await unpack(engine)
  await remove()
  const names = Object.keys(manifest.optionalDependencies ?? {})
  const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header
  const here = [
    process.platform,
    process.arch,
    ...(process.platform === 'linux' ? [glibcVersionRuntime ? 'gnu' : 'musl'] : []),
  ]
  const packed: string[] = []
  for (const name of names) {
    const [os = '', cpu = '', libc] = name.replace('@gradpool/engine-cpu-', '').split('-')
    const place = join(folder, name.replace('@gradpool/', ''))
    const limits = { os: [os], cpu: [cpu], ...(libc && { libc: [libc === 'gnu' ? 'glibc' : libc] }) }
    await mkdir(place)
    await writeFile(
      join(place, 'package.json'),
      JSON.stringify({ name, version: engine.version, preferUnplugged: true, ...limits }),
    )
    if (name.endsWith(`engine-cpu-${here.join('-')}`)) {
      const native = join(root, 'packages/engine-cpu/dist/native')
      const files = existsSync(native) ? await readdir(native) : []
      for (const file of files.filter((each) => /\.(node|json)$/.test(each)))
        await copyFile(join(native, file), join(place, file))
    }
    const printed = await output(npm('pack', '--pack-destination', folder, '--loglevel=error'), { cwd: place })
    packed.push(join(folder, printed.trim().split('\n').at(-1) ?? ''))
  }
  return packed
}

export function isOurs(name: string): boolean {
  return name === 'gradpool' || name.startsWith('@gradpool/')
}
