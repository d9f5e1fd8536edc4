/** Runs after npm packed a package, in the package's directory. Removes what prepack.mjs added to the manifest. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryManifest, writeManifest } from './published-manifest.mjs'

const folder = process.cwd()
writeManifest(folder, repositoryManifest(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))))
