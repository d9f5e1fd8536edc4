/**
 * tfjs registers its gradients in ES modules that import each other without file endings, which Node does not load: a
 * peer is bundled first.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const require = createRequire(import.meta.url)

/** The exports of `tfjs-wasm.mjs` of this folder, bundled. */
export async function importTfjsWasm() {
  const folder = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
  const outfile = join(folder, 'tfjs-wasm.cjs')
  try {
    await build({
      entryPoints: [fileURLToPath(new URL('tfjs-wasm.mjs', import.meta.url))],
      outfile,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      mainFields: ['module', 'main'],
      define: {
        WASM_FOLDER: JSON.stringify(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`),
      },
      logLevel: 'error',
    })
    return require(outfile)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
