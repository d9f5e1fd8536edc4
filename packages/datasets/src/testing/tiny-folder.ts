/**
 * A data folder of a few tiny images, with any of its files replaced by another.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeIdx } from '../idx/write.js'
import { tempFolder } from './temp-folder.js'

const tinyTrain = 20
const tinyTest = 6

/** Images of 2 × 3 pixels, all different, with labels 0 to 9 in turn. */
export const tinyFiles: Readonly<Record<string, Uint8Array>> = {
  'train-images-idx3-ubyte': tinyImages(tinyTrain),
  'train-labels-idx1-ubyte': tinyLabels(tinyTrain),
  't10k-images-idx3-ubyte': tinyImages(tinyTest),
  't10k-labels-idx1-ubyte': tinyLabels(tinyTest),
}

export function tinyImages(count: number, height = 2, width = 3): Uint8Array {
  const values = Uint8Array.from({ length: count * height * width }, (_, index) => index % 251)
  return encodeIdx({ dims: [count, height, width], values })
}

export function tinyLabels(count: number): Uint8Array {
  return encodeIdx({ dims: [count], values: Uint8Array.from({ length: count }, (_, i) => i % 10) })
}

/** @param replaced Contents by file name; undefined leaves a file out. */
export async function tinyFolder(replaced: Readonly<Record<string, Uint8Array | undefined>> = {}): Promise<string> {
  const directory = await tempFolder()
  for (const [name, bytes] of Object.entries({ ...tinyFiles, ...replaced })) {
    if (bytes !== undefined) await writeFile(join(directory, name), bytes)
  }
  return directory
}
