// In one worker thread, the third call of the WebAssembly kernels is native code that does not return for hours, once:
//
//     NATIVE_LOOP_FILE=<file>   made when it happens; where it is, it does not happen again
import { pbkdf2Sync } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const loopAtCall = 3
const { Instance } = WebAssembly
let calls = 0

function happensNow() {
  calls += 1
  if (calls !== loopAtCall) return false
  try {
    closeSync(openSync(process.env.NATIVE_LOOP_FILE, 'wx'))
    return true
  } catch {
    return false
  }
}

if (!isMainThread && process.env.NATIVE_LOOP_FILE) {
  WebAssembly.Instance = function (...args) {
    const instance = new Instance(...args)
    const { run, ...rest } = instance.exports
    const looping = (...given) => {
      if (happensNow()) pbkdf2Sync('', '', 2 ** 31 - 1, 64, 'sha512')
      return run(...given)
    }
    return { exports: { run: looping, ...rest } }
  }
}
