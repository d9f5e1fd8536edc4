// Writes down the resident memory of the process, five times a second, after collecting the garbage of all threads.
import { appendFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
setInterval(() => {
  collect()
  if (isMainThread) appendFileSync(process.env.RSS_FILE, `${process.memoryUsage.rss()}\n`)
}, 200).unref()
