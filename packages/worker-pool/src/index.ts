export { createPool, STUCK, WorkerDied, type PoolOptions, type WorkerPool } from './pool.js'
