// Prints what the tests depend on besides files of this repository: the binding that is installed,
// if any.
import { existsSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const folder = dirname(require.resolve('@tensorflow/tfjs-node/package.json'))
const binding = join(folder, 'lib', 'napi-v8', 'tfjs_binding.node')
console.log(existsSync(binding) ? statSync(binding).mtimeMs : 'none')
