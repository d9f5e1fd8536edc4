/** An index of images, with what made its codes and the images themselves, to be searched for others like one. */
import { UserError } from '@gradpool/core'
import { type ImageDataset, type Picture } from '@gradpool/datasets'
import { type Encoder, encoderOf, HashIndex, type HammingSearchOptions, type Neighbour } from '@gradpool/hashing'
import { decodeSavedModel } from '@gradpool/storage'
import { codesOf } from './codes.js'
import { type Collection, collectionOf, loadCollection } from './collection.js'

export interface SearchedIndex {
  readonly path: string
  readonly index: HashIndex
  readonly encoder: Encoder
  readonly dataset: ImageDataset
}

/**
 * @param data A folder in the place of the one that was indexed.
 * @throws UserError for an index or images that are not there, or not what they should be
 */
export async function openIndex(path: string, data?: string): Promise<SearchedIndex> {
  const index = await HashIndex.load(path)
  const { encoder, collection } = carriedBy(index, path)
  return { path, index, encoder, dataset: await loadCollection(collection, { directory: data }) }
}

/** The images that are most like one of the size that the index has, the nearest first. */
export async function nearest(
  { path, index, encoder, dataset }: SearchedIndex,
  picture: Picture & { readonly pixels: Uint8Array },
  options: Pick<HammingSearchOptions, 'k' | 'radius'>,
): Promise<(Neighbour & { readonly picture: Picture })[]> {
  const code = await codesOf(encoder, { ...picture, imageShape: dataset.imageShape })
  const neighbours = index.searchHamming(code, { ...options, model: encoder.model })
  return neighbours.map((one) => ({ ...one, picture: pictureOf(one, dataset, path) }))
}

/** What made the codes of an index, and of which images. */
function carriedBy(index: HashIndex, path: string): { encoder: Encoder; collection: Collection } {
  if (index.encoder === undefined) {
    throw new UserError(`'${path}' has no encoder: it was not made by \`gradpool index build\``)
  }
  const saved = decodeSavedModel(index.encoder, `the encoder in '${path}'`)
  const encoder = encoderOf(index.model.name, saved)
  if (encoder === undefined) throw new UserError(`the encoder in '${path}' makes no codes`)
  index.checkModel(encoder.model)
  if (encoder.bits !== index.bits) {
    throw new UserError(`'${path}' has codes of ${index.bits} bits, and its encoder makes ${encoder.bits}`)
  }
  return { encoder, collection: collectionOf(index.about ?? '', `'${path}'`) }
}

/** @throws UserError for an image that the data do not have */
function pictureOf({ id }: Neighbour, { fields, imageShape }: ImageDataset, path: string): Picture {
  const [height, width] = imageShape
  const pixels = fields.train.image.values.subarray(id * height * width, (id + 1) * height * width)
  if (pixels.length > 0) return { pixels, height, width }
  throw new UserError(`'${path}' has an image ${id}, which its data do not have`)
}
