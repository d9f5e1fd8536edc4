/**
 * Fields that the manifest of a package has only while it is packed, and not in the repository: the address of the
 * sources (source-address.mjs), and for @gradpool/engine-cpu the packages of native code, which the lock file cannot
 * name before they are published.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageName, platforms } from './platforms/platforms.mjs'
import { addressFields } from './source-address.mjs'

const ENGINE = '@gradpool/engine-cpu'

/** Native code of all platforms, at exactly the version of the engine. */
function platformFields({ name, version }) {
  if (name !== ENGINE) return {}
  const entries = platforms.map((platform) => [packageName(platform), version])
  return { optionalDependencies: Object.fromEntries(entries) }
}

/**
 * @param folder name of the folder in `packages`
 * @param manifest as it is in the repository
 * @param rootManifest the root's, if not the one of this repository
 */
export function publishedManifest(folder, manifest, rootManifest) {
  return { ...manifest, ...addressFields(`packages/${folder}`, rootManifest), ...platformFields(manifest) }
}

/** Undoes {@link publishedManifest}. */
export function repositoryManifest(manifest) {
  const added = ['homepage', 'bugs', 'repository', ...(manifest.name === ENGINE ? ['optionalDependencies'] : [])]
  return Object.fromEntries(Object.entries(manifest).filter(([key]) => !added.includes(key)))
}

const textOf = (manifest) => `${JSON.stringify(manifest, null, 2)}\n`

/** Whether the package.json of a package is exactly this manifest. */
export function isWritten(folder, manifest) {
  return readFileSync(join(folder, 'package.json'), 'utf8') === textOf(manifest)
}

/** Replaces the package.json of a package in one step, so that other programs never read half a file. */
export function writeManifest(folder, manifest) {
  if (isWritten(folder, manifest)) return
  const file = join(folder, 'package.json')
  writeFileSync(`${file}.new`, textOf(manifest))
  renameSync(`${file}.new`, file)
}
