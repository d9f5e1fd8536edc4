// Half of a relay between two network namespaces, joined by Unix sockets, which all of them see. One half listens where
// the machines are, and delays; the other one connects to what the submitter's machine has.
//
//     node relay.mjs listen FOLDER HOST PORT[,PORT…] [ROUND_TRIP_MS]
//     node relay.mjs connect FOLDER HOST PORT[,PORT…]
import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

const [role, folder = '.', host, ports = '', roundTrip = '0'] = process.argv.slice(2)
// Timers count whole milliseconds: one of 1 ms is all on the way there.
const there = Math.ceil(Number(roundTrip) / 2)
const back = Number(roundTrip) - there
const bytes = { up: 0, down: 0 }

/** Passes chunks on, each so many milliseconds after it came, as fast as the other side takes them. */
function pass(from, to, ms, key) {
  let last = Promise.resolve()
  from.on('data', (chunk) => {
    bytes[key] += chunk.length
    if (ms === 0) {
      if (!to.write(chunk)) {
        from.pause()
        to.once('drain', () => from.resume())
      }
      return
    }
    const dueMs = performance.now() + ms
    last = last.then(async () => {
      const leftMs = dueMs - performance.now()
      if (leftMs > 0) await new Promise((resolve) => setTimeout(resolve, leftMs))
      to.write(chunk)
    })
  })
  from.on('end', () => void last.then(() => to.end()))
  from.on('error', () => to.destroy())
  from.on('close', () => void last.then(() => to.destroySoon()))
}

for (const port of ports.split(',').map(Number)) {
  const path = join(folder, `${port}.sock`)
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = role === 'listen' ? connect(path) : connect(port, host)
    near.setNoDelay()
    far.setNoDelay()
    pass(near, far, role === 'listen' ? there : 0, 'up')
    pass(far, near, role === 'listen' ? back : 0, 'down')
  })
  if (role === 'connect') rmSync(path, { force: true })
  if (role === 'listen') server.listen(port, host)
  else server.listen(path)
}

process.on('SIGTERM', () => process.exit())
// Asked for by a line on stdin.
process.stdin.on('data', () => console.log(JSON.stringify(bytes)))
console.log('ready')
