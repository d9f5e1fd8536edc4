/**
 * The folder and the number of classes that a spec means, with a folder named elsewhere
 * (`--data DIR`) in the place of its own.
 */
import { UserError } from '@gradpool/core'
import { nodeModule } from '@gradpool/core/node-module'
import { basename, resolve } from 'node:path'
import { mnistDirectory } from './mnist.js'
import type { FilesSpec } from './spec.js'

export interface DataSource {
  readonly name: string
  readonly directory: string
  readonly classes: number
  /** Whether the files have to be MNIST's, byte for byte. */
  readonly isMnist: boolean
}

/** @throws UserError when the spec means a package that is not installed. */
export function sourceOf(spec: FilesSpec, override?: string): DataSource {
  const classes = spec.kind === 'idxFolder' ? spec.classes : 10
  const directory = override ?? spec.directory
  if (directory === undefined) {
    if (!nodeModule('node:fs')) {
      throw new UserError('mnist() reads an installed package, and a browser has none: give its images to arrays()')
    }
    return { name: 'mnist', directory: mnistDirectory(), classes, isMnist: true }
  }
  const path = resolve(directory)
  return { name: basename(path), directory: path, classes, isMnist: false }
}
