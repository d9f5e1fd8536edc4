/* eslint-disable @nx/enforce-module-boundaries -- the README's example, as a user writes it */
import { createPool } from '@gradpool/worker-pool'

const pool = createPool<{ from: number; to: number }, number>({
  workers: 2,
  workerModule: new URL('primes.js', import.meta.url).href, // exports countPrimes({ from, to })
  exportName: 'countPrimes',
})
const [low, high] = await Promise.all([
  pool.run([{ from: 0, to: 1000 }]), // tasks that one thread does, one after the other
  pool.run([
    { from: 1000, to: 1500 },
    { from: 1500, to: 2000 },
  ]),
])
console.log([...low, ...high]) // [168, 71, 64]
await pool.close()
