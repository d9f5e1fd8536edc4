/**
 * Runs before npm packs a package, in the package's directory. Refuses a package that is not built, and adds what only
 * the packed package has: the licence, the fields of published-manifest.mjs, and declarations for CommonJS.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { root } from './environment.mjs'
import { publishedManifest, writeManifest } from './published-manifest.mjs'

const folder = process.cwd()
const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** All files that a part of the manifest names. */
function filesIn(value, condition = '') {
  if (condition === '@gradpool/source') return []
  if (typeof value === 'string') return /^\.\/[^*]+$/.test(value) ? [value] : []
  return Object.entries(value ?? {}).flatMap(([key, inner]) => filesIn(inner, key))
}

/** Copies each `.d.ts` to a `.d.cts` that imports other `.cjs` modules. */
function writeDeclarations() {
  const dist = join(folder, 'dist')
  for (const file of readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.d.ts'))) {
    const text = readFileSync(join(dist, file), 'utf8')
    const written = text.replaceAll(/((?:from|import) ?\(?['"]\.{1,2}\/[^'"]*)\.js(?=['"])/g, '$1.cjs')
    writeFileSync(join(dist, file.replace(/\.d\.ts$/, '.d.cts')), written.replace(/\n\/\/# sourceMappingURL.*/, ''))
  }
}

const named = ['main', 'types', 'bin', 'exports', 'imports'].flatMap((key) => filesIn(manifest[key]))
const missing = [...new Set(named)].filter((file) => !/\.d\.cts$/.test(file) && !existsSync(join(folder, file)))
if (missing.length > 0) {
  const where = relative(root, folder) || basename(folder)
  console.error(`error: ${manifest.name} is not built: ${where} lacks ${missing.join(', ')}; run npm run build first`)
  process.exit(1)
}
copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
if (named.some((file) => file.endsWith('.d.cts'))) writeDeclarations()
writeManifest(folder, publishedManifest(basename(folder), manifest))
