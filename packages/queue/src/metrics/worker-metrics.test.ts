import { UserError } from '@gradpool/core'
import { expect, it, onTestFinished } from 'vitest'
import { cachedStore, memoryCache } from '../store/blob-cache.js'
import { MemoryStore } from '../testing/memory-store.js'
import { serveMetrics } from './metrics-server.js'
import { WorkerMetrics } from './worker-metrics.js'

const job = {} as never

it('counts jobs by how they ended, locks, and what goes through stores and caches', async () => {
  const metrics = new WorkerMetrics()
  metrics.setMachine({
    id: 'a',
    host: 'here',
    cores: 4,
    memoryBytes: 1,
    engine: 'native',
    description: 'AVX-512',
    numerics: 'exact-2',
    version: '1.2.3',
    platform: 'linux x64',
  })
  metrics.setInProgress(3)
  metrics.count({ type: 'started', job })
  for (const how of ['done', 'done', 'handed back']) metrics.count({ type: 'ended', job, how, seconds: 2 })
  metrics.count({ type: 'locks', extended: 5, lost: 1 })
  metrics.count({ type: 'warning', message: 'it is late' })
  const store = cachedStore(metrics.storeOf(new MemoryStore()), metrics.cacheOf(memoryCache(100)))
  const hash = await store.put(new Uint8Array(40))
  await store.get(hash, 100)
  await store.get(hash, 100)
  await store.writeName('results/a', new Uint8Array(2))
  await store.readName('results/a')
  await store.readName('results/b')
  await expect(store.get('0'.repeat(64), 100)).rejects.toThrow()

  const lines = (await metrics.text()).split('\n')
  expect(lines.filter((line) => /^gradpool_(?!job_seconds)/.test(line)).sort()).toEqual([
    'gradpool_cache_reads_total{result="hit"} 1',
    'gradpool_cache_reads_total{result="miss"} 2',
    'gradpool_jobs_in_progress 3',
    'gradpool_jobs_total{outcome="done"} 2',
    'gradpool_jobs_total{outcome="failed"} 0',
    'gradpool_jobs_total{outcome="handed_back"} 1',
    'gradpool_jobs_total{outcome="late"} 0',
    'gradpool_jobs_total{outcome="lost"} 0',
    'gradpool_jobs_total{outcome="unwanted"} 0',
    'gradpool_locks_total{result="extended"} 5',
    'gradpool_locks_total{result="lost"} 1',
    'gradpool_store_bytes_total{direction="in"} 42',
    'gradpool_store_bytes_total{direction="out"} 42',
    'gradpool_store_errors_total 1',
    'gradpool_warnings_total 1',
    'gradpool_worker_info{engine="native",description="AVX-512",numerics="exact-2",version="1.2.3",platform="linux x64"} 1',
    'gradpool_worker_threads 4',
  ])
  expect(lines).toContain('gradpool_job_seconds_sum 6')
  expect(lines).toContain('gradpool_job_seconds_bucket{le="1"} 0')
  expect(lines).toContain('gradpool_job_seconds_bucket{le="3"} 3')
})

it('answers while it lives, and says why it is not ready', async () => {
  let why: string | undefined = 'it starts'
  const server = await serveMetrics(new WorkerMetrics(), { host: '127.0.0.1', port: 0 }, () => why)
  onTestFinished(() => server.close())
  const ask = async (path: string) => {
    const answer = await fetch(server.address + path)
    return { status: answer.status, text: await answer.text() }
  }
  expect(await ask('/livez')).toEqual({ status: 200, text: 'ok\n' })
  expect(await ask('/readyz')).toEqual({ status: 503, text: 'it starts\n' })
  why = undefined
  expect(await ask('/readyz')).toEqual({ status: 200, text: 'ok\n' })
  expect((await ask('/metrics')).text).toContain('# TYPE gradpool_jobs_total counter')
  expect((await ask('/other')).status).toBe(404)
  const taken = { host: '127.0.0.1', port: Number(new URL(server.address).port) }
  const again = serveMetrics(new WorkerMetrics(), taken, () => why)
  await expect(again).rejects.toThrow(UserError)
  await expect(again).rejects.toThrow('cannot tell of metrics at 127.0.0.1:')
})
