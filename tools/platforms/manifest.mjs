/**
 * The platforms' packages as `optionalDependencies` of @gradpool/engine-cpu: there while it is packed, as in
 *
 *   npm pack --ignore-scripts=false -w @gradpool/engine-cpu
 *
 * and not in the repository, whose lock file cannot have packages that are not published yet.
 *
 *   node tools/platforms/manifest.mjs add | remove
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../environment.mjs'
import { packageName, platforms } from './platforms.mjs'

/** All platforms, each at the version of the package itself, to the last digit. */
export function withPlatforms(manifest) {
  const entries = platforms.map((platform) => [packageName(platform), manifest.version])
  return { ...manifest, optionalDependencies: Object.fromEntries(entries) }
}

export function withoutPlatforms(manifest) {
  const entries = Object.entries(manifest).filter(([name]) => name !== 'optionalDependencies')
  return Object.fromEntries(entries)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = join(root, 'packages', 'engine-cpu', 'package.json')
  const change = { add: withPlatforms, remove: withoutPlatforms }[process.argv[2]]
  if (change === undefined) throw new Error('say `add` or `remove`')
  writeFileSync(file, `${JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8'))), undefined, 2)}\n`)
}
