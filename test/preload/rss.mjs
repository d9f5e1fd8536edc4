// Writes down the resident memory of the process, five times a second, after collecting garbage.
import { appendFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  setInterval(() => {
    collect()
    appendFileSync(process.env.RSS_FILE, `${process.memoryUsage.rss()}\n`)
  }, 200).unref()
}
