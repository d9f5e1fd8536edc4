/** Codes of PCA-sign and ITQ, by linear_codes.py in a Python environment of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packCodes } from '@gradpool/hashing'
import { mnistFolder } from '../bench/peers/mnist.mjs'
import { execute, pythonEnvironment } from '../python-environment.mjs'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const methods = { pca: 'PCA-sign', itq: 'ITQ' }
const { pythonPath, install } = pythonEnvironment('hashing', here('requirements.txt'))

/** Installs what linear_codes.py needs. @throws MissingRequirement if that fails */
export function installNumpy() {
  install('numpy', ['numpy'])
}

/** Codes of every method and width; call `installNumpy` first. */
export function linearCodes(widths, numCollection) {
  const out = mkdtempSync(join(tmpdir(), 'gradpool-hashing-'))
  try {
    const script = [here('linear_codes.py'), '--data', mnistFolder, '--out', out]
    // Threads of small products cost more than they give, and much more beside other work.
    const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
    execute(pythonPath, [...script, '--bits', ...widths.map(String)], { env })
    return widths.flatMap((bits) =>
      Object.entries(methods).map(([id, method]) => {
        const values = Float32Array.from(readFileSync(join(out, `${id}-${bits}.u8`)))
        const packed = (part) => packCodes(part, { bits })
        return {
          name: `${method}, ${bits} bits`,
          bits,
          collection: packed(values.subarray(0, numCollection * bits)),
          queries: packed(values.subarray(numCollection * bits)),
        }
      }),
    )
  } finally {
    rmSync(out, { recursive: true })
  }
}
