/** CPU quotas of containers, read from trees of files as systems have them. */
import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { availableCores, coresFrom, cpuQuota } from './available-cores.js'

type Tree = Readonly<Record<string, string>>

const reader = (tree: Tree) => (path: string) => tree[path]
const quota = (tree: Tree): number => cpuQuota(reader(tree))

const V2 = '29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate'
const V1 = [
  '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
  '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct',
  '33 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
].join('\n')

describe('version 2', () => {
  const inside = { '/proc/self/mountinfo': V2, '/proc/self/cgroup': '0::/' }

  it('is the quota over the period', () => {
    expect(quota({ ...inside, '/sys/fs/cgroup/cpu.max': '150000 100000' })).toBe(1.5)
    expect(quota({ ...inside, '/sys/fs/cgroup/cpu.max': '20000 10000' })).toBe(2)
  })

  it('is none where it is max, or where there is no file', () => {
    expect(quota({ ...inside, '/sys/fs/cgroup/cpu.max': 'max 100000' })).toBe(Infinity)
    expect(quota(inside)).toBe(Infinity)
  })

  it('is the least of all groups that a group is in', () => {
    const nested = {
      '/proc/self/mountinfo': V2,
      '/proc/self/cgroup': '0::/kubepods.slice/pod-1f/main',
      '/sys/fs/cgroup/kubepods.slice/cpu.max': '800000 100000',
      '/sys/fs/cgroup/kubepods.slice/pod-1f/cpu.max': '300000 100000',
      '/sys/fs/cgroup/kubepods.slice/pod-1f/main/cpu.max': 'max 100000',
    }
    expect(quota(nested)).toBe(3)
    expect(quota({ ...nested, '/sys/fs/cgroup/kubepods.slice/pod-1f/main/cpu.max': '50000 100000' })).toBe(0.5)
  })

  it('is that of the folder where the group is outside of it', () => {
    const outside = {
      ...inside,
      '/proc/self/cgroup': '0::/../../init.scope',
      '/sys/fs/cgroup/cpu.max': '200000 100000',
    }
    expect(quota(outside)).toBe(2)
  })

  it('is found wherever it is mounted', () => {
    const tree = {
      '/proc/self/mountinfo': '29 22 0:26 / /mnt/control\\040groups rw - cgroup2 none rw',
      '/proc/self/cgroup': '0::/a',
      '/mnt/control groups/a/cpu.max': '100000 100000',
    }
    expect(quota(tree)).toBe(1)
  })
})

describe('version 1', () => {
  const inside = { '/proc/self/mountinfo': V1, '/proc/self/cgroup': '5:memory:/\n4:cpu,cpuacct:/' }
  const folder = '/sys/fs/cgroup/cpu,cpuacct'

  it('is the quota over the period, and none where it is -1', () => {
    const files = (us: string) => ({ [`${folder}/cpu.cfs_quota_us`]: us, [`${folder}/cpu.cfs_period_us`]: '100000' })
    expect(quota({ ...inside, ...files('250000') })).toBe(2.5)
    expect(quota({ ...inside, ...files('-1') })).toBe(Infinity)
  })

  it('is that of a container whose folder shows its own group, by the name that the host has for it', () => {
    const tree = {
      '/proc/self/mountinfo': V1.replace('0:29 /', '0:29 /docker/1f'),
      '/proc/self/cgroup': '4:cpu,cpuacct:/docker/1f/inner',
      [`${folder}/cpu.cfs_quota_us`]: '400000',
      [`${folder}/cpu.cfs_period_us`]: '100000',
      [`${folder}/inner/cpu.cfs_quota_us`]: '100000',
      [`${folder}/inner/cpu.cfs_period_us`]: '50000',
    }
    expect(quota(tree)).toBe(2)
  })

  it('counts beside version 2, where both are mounted', () => {
    const tree = {
      '/proc/self/mountinfo': `${V1}\n41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw`,
      '/proc/self/cgroup': '4:cpu,cpuacct:/a\n0::/a',
      [`${folder}/a/cpu.cfs_quota_us`]: '100000',
      [`${folder}/a/cpu.cfs_period_us`]: '100000',
    }
    expect(quota(tree)).toBe(1)
  })
})

describe('cores', () => {
  const inContainer = (max: string): Tree => ({
    '/proc/self/mountinfo': V2,
    '/proc/self/cgroup': '0::/',
    '/sys/fs/cgroup/cpu.max': max,
  })

  it.each([
    ['max 100000', 8],
    ['1600000 100000', 8],
    ['250000 100000', 2],
    ['100000 100000', 1],
    ['10000 100000', 1],
  ])('a quota of %s on 8 cores leaves %s', (max, cores) => {
    expect(coresFrom({ read: reader(inContainer(max)), parallelism: 8 })).toBe(cores)
  })

  it('are those of the machine where there are no control groups', () => {
    expect(coresFrom({ read: () => undefined, parallelism: 6 })).toBe(6)
  })

  it('are never more than Node counts', () => {
    expect(availableCores()).toBeGreaterThanOrEqual(1)
    expect(availableCores()).toBeLessThanOrEqual(availableParallelism())
  })
})
