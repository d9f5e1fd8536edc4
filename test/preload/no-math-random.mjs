// Math.random is not to be called by anything that trains. Says in which threads it was replaced.
import { appendFileSync } from 'node:fs'
import { threadId } from 'node:worker_threads'

Math.random = () => {
  throw new Error('Math.random was called')
}
if (process.env.THREADS_FILE) appendFileSync(process.env.THREADS_FILE, `${threadId}\n`)
