/**
 * How much memory a load takes beside the data set itself, seen from outside: a fresh process on the built package.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { mnistDirectory } from '../src/mnist.js'
import { tempFolder } from '../src/testing/temp-folder.js'

const packageFolder = join(import.meta.dirname, '..')
const isBuilt = existsSync(join(packageFolder, 'dist', 'index.js'))
const mnistBytes = 54_950_000

const script = `
  import { loadDataset, mnist } from '@gradpool/datasets'
  const before = process.resourceUsage().maxRSS
  await loadDataset(mnist(), { directory: process.argv[1] })
  process.stdout.write(String((process.resourceUsage().maxRSS - before) * 1024))
`

/** Bytes by which the peak of the process grew, less those of the data set. */
async function extraBytes(directory: string): Promise<number> {
  const args = ['--input-type=module', '--eval', script, directory]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: packageFolder })
  return Number(stdout) - mnistBytes
}

describe.skipIf(!isBuilt)('the memory that loading MNIST takes beside the data', () => {
  it('is a few megabytes', async () => {
    expect(await extraBytes(mnistDirectory())).toBeLessThan(12e6)
  })

  it('is well below the size of the images when they are compressed', async () => {
    const directory = await tempFolder()
    for (const name of ['train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1']) {
      await copyFile(join(mnistDirectory(), `${name}-ubyte`), join(directory, `${name}-ubyte`))
    }
    const images = await readFile(join(mnistDirectory(), 'train-images-idx3-ubyte'))
    await writeFile(join(directory, 'train-images-idx3-ubyte.gz'), gzipSync(images, { level: 1 }))
    expect(await extraBytes(directory)).toBeLessThan(30e6)
  })
})
