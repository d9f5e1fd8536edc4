// The page works from any folder of a static host. Its service worker is told which files there are.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { defineConfig } from 'vite'

const packages = [
  'core',
  'datasets',
  'engine-cpu',
  'experiments',
  'models',
  'orchestrator',
  'storage',
  'trainer',
  'worker-pool',
]

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

/** Another name for the cache of each build: the service worker drops what it had. */
const nameCache = {
  name: 'name-cache',
  closeBundle() {
    const folder = join(import.meta.dirname, 'dist')
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
    const hash = createHash('sha256')
    for (const { name, parentPath } of files) hash.update(name).update(readFileSync(join(parentPath, name)))
    const path = join(folder, 'service-worker.js')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace("'of-development'", `'${hash.digest('hex').slice(0, 16)}'`))
  },
}

export default defineConfig({
  base: './',
  root: import.meta.dirname,
  plugins: [nameCache],
  build: { target: 'es2022', assetsInlineLimit: 0, reportCompressedSize: false },
  // Their files lie beside their modules: a copy elsewhere, as Vite makes for development, would not find them.
  optimizeDeps: { exclude: ['gradpool', ...packages.map((name) => `@gradpool/${name}`)] },
  server: { headers: isolation },
  preview: { headers: isolation },
})
