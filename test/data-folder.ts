/** Folders of IDX files: a small part of MNIST that trains in a moment, and the same with damage done to it. */
import { mkdtempSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { encodeIdx, loadDataset, mnist } from '@gradpool/datasets'
import { afterAll, beforeAll } from 'vitest'
import { emptyFolder } from './gradpool.js'

/** For most tests. */
const numTrain = 2000
const numTest = 200

export const names = {
  trainImages: 'train-images-idx3-ubyte',
  trainLabels: 'train-labels-idx1-ubyte',
  testImages: 't10k-images-idx3-ubyte',
  testLabels: 't10k-labels-idx1-ubyte',
} as const

type Files = Readonly<Record<string, Uint8Array>>

const small = new Map<number, Promise<Files>>()

/** The files of the first images of MNIST, by name. */
export function smallFiles(images = numTrain): Promise<Files> {
  const made = small.get(images) ?? firstFiles(images)
  small.set(images, made)
  return made
}

function firstFiles(numTrain: number): Promise<Files> {
  return loadDataset(mnist()).then(({ fields }) => {
    const first = (values: ArrayLike<number>, count: number) =>
      Uint8Array.from({ length: count }, (_, index) => values[index] ?? 0)
    const images = (part: typeof fields.train, count: number) =>
      encodeIdx({ dims: [count, 28, 28], values: first(part.image.values, count * 784) })
    const labels = (part: typeof fields.train, count: number) =>
      encodeIdx({ dims: [count], values: first(part.label.values, count) })
    return {
      [names.trainImages]: images(fields.train, numTrain),
      [names.trainLabels]: labels(fields.train, numTrain),
      [names.testImages]: images(fields.test, numTest),
      [names.testLabels]: labels(fields.test, numTest),
    }
  })
}

/** A folder with these files, some replaced. */
export async function dataFolder(replaced: Files = {}): Promise<string> {
  const directory = join(await emptyFolder(), 'data')
  await writeDataFolder(directory, replaced)
  return directory
}

/** The option that names such a folder, which is there for all tests of the file that calls this once. */
export function smallData(images = numTrain): readonly string[] {
  const path = mkdtempSync(join(tmpdir(), 'gradpool-end-to-end-'))
  const directory = join(path, 'data')
  beforeAll(async () => writeDataFolder(directory, await smallFiles(images)))
  afterAll(() => rm(path, { recursive: true, force: true }))
  return ['--data', directory]
}

/** The same, at a place where nothing is. */
export async function writeDataFolder(directory: string, replaced: Files = {}): Promise<void> {
  await mkdir(directory)
  for (const [name, bytes] of Object.entries({ ...(await smallFiles()), ...replaced })) {
    await writeFile(join(directory, name), bytes)
  }
}

/** A copy with some bytes changed. */
export function withBytes(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy.set(values, at)
  return copy
}

export function cutShort(bytes: Uint8Array, by: number): Uint8Array {
  return bytes.slice(0, -by)
}

/** A gzip file that ends too early; as a whole it would have been right. */
export function cutGzip(bytes: Uint8Array): Uint8Array {
  const whole = gzipSync(bytes)
  if (gunzipSync(whole).length !== bytes.length) throw new Error('not what was compressed')
  return whole.subarray(0, whole.length >> 1)
}
