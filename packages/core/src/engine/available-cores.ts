/**
 * How many CPU cores this process may use at once: those of the machine that it may run on, or fewer where a
 * container's CPU quota says so. Node knows nothing of quotas until version 22.
 *
 * A quota is a share of time: 150 ms in each 100 ms are one core and a half, which counts as one.
 */
import { nodeModule } from '../platform/node-module.js'

/** What the answer is read from. */
export interface CoreSources {
  /** A file's text; undefined where it is not there or may not be read. */
  readonly read: (path: string) => string | undefined
  /** Cores of the machine that the process may run on. */
  readonly parallelism: number
}

let known: number | undefined

/** Read once in each thread: at least 1. */
export function availableCores(): number {
  return (known ??= coresFrom(systemSources()))
}

/** The same from other sources. */
export function coresFrom({ read, parallelism }: CoreSources): number {
  return Math.max(1, Math.floor(Math.min(parallelism, cpuQuota(read))))
}

/** The CPU quota of this process's control groups and all that they are in, in cores; infinite where there is none. */
export function cpuQuota(read: CoreSources['read']): number {
  const mounts = mountsOf(read('/proc/self/mountinfo') ?? '')
  const groups = groupsOf(read('/proc/self/cgroup') ?? '')
  const quotas = groups.flatMap(({ version, path }) => {
    const mount = mounts.find((its) => its.version === version)
    return mount === undefined ? [] : foldersOf(mount, path).map((folder) => quotaOf[version](folder, read))
  })
  return Math.min(Infinity, ...quotas)
}

type Version = 'v1' | 'v2'

interface Mount {
  readonly version: Version
  /** The control group that the folder shows. */
  readonly root: string
  readonly folder: string
}

interface Group {
  readonly version: Version
  readonly path: string
}

/**
 * The hierarchies that may have quotas. A line: `36 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct`.
 */
function mountsOf(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root = '', folder = ''] = before.split(' ')
    const [type, , options = ''] = after.split(' ')
    const isFirst = type === 'cgroup' && options.split(',').includes('cpu')
    if (!isFirst && type !== 'cgroup2') return []
    return [{ version: isFirst ? 'v1' : 'v2', root: unescaped(root), folder: unescaped(folder) }]
  })
}

/** Blanks in a path of mountinfo are octal. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
}

/** The groups of this process. Lines: `4:cpu,cpuacct:/docker/1f` of version 1, `0::/user.slice` of version 2. */
function groupsOf(cgroup: string): Group[] {
  return cgroup.split('\n').flatMap((line): Group[] => {
    const [number, controllers = '', ...rest] = line.split(':')
    const path = rest.join(':')
    if (path === '') return []
    if (controllers.split(',').includes('cpu')) return [{ version: 'v1', path }]
    return number === '0' && controllers === '' ? [{ version: 'v2', path }] : []
  })
}

/** The folder of a group, and of all groups that it is in, as far as they are mounted. */
function foldersOf({ root, folder }: Mount, path: string): string[] {
  const top = root === '/' ? '' : root
  // A group outside of what is mounted, as a container sees that of its host: the mount's own is all there is to see.
  const inside = path === top || path.startsWith(`${top}/`) ? path.slice(top.length) : ''
  const names = inside.split('/').filter((name) => name !== '' && name !== '..')
  return names.reduce((folders, name) => [...folders, `${folders.at(-1) ?? ''}/${name}`], [folder])
}

const quotaOf: Readonly<Record<Version, (folder: string, read: CoreSources['read']) => number>> = {
  /** Two files; a quota of -1 is none. */
  v1: (folder, read) => ratio(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)),
  /** `150000 100000`, or `max 100000`. */
  v2: (folder, read) => {
    const [quota, period] = read(`${folder}/cpu.max`)?.split(' ') ?? []
    return ratio(quota, period)
  },
}

function ratio(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period)
  return cores > 0 ? cores : Infinity
}

function systemSources(): CoreSources {
  const { navigator } = globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } }
  const [os, fs] = [nodeModule('node:os'), nodeModule('node:fs')]
  const read = (path: string): string | undefined => {
    try {
      return fs?.readFileSync(path, 'utf8').trim()
    } catch {
      return undefined
    }
  }
  return { read, parallelism: os?.availableParallelism() ?? navigator?.hardwareConcurrency ?? 1 }
}
