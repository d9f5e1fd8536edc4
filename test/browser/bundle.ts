/** The page of the tests as esbuild bundles it, with the files that it loads beside it. */
import { build } from 'esbuild'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const files = [
  'worker',
  'kernels.wasm',
  'kernels-emulated.wasm',
  'kernels-unshared.wasm',
  'kernels-emulated-unshared.wasm',
]

export interface Bundled extends AsyncDisposable {
  readonly folder: string
  readonly text: string
}

export async function bundlePage(): Promise<Bundled> {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-page-'))
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'page.ts')],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
    write: false,
  })
  const [{ text } = { text: '' }] = outputFiles
  await writeFile(join(folder, 'page.js'), text)
  const icon = '<link rel="icon" href="data:," />'
  await writeFile(
    join(folder, 'index.html'),
    `<!doctype html><meta charset="utf-8" />${icon}<script type="module" src="page.js"></script>`,
  )
  for (const file of files) {
    const name = file === 'worker' ? 'gradpool-worker.js' : file
    await copyFile(require.resolve(`gradpool/${file}`), join(folder, name))
  }
  return {
    folder,
    text,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
