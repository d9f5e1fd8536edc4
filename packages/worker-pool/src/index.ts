export { STUCK, WorkerDied, type PoolOptions, type WorkerPool } from './contract.js'
export { createPool } from './pool.js'
