/** `gradpool search`: the images of an index that are most like another, by their codes. */
import { UserError } from '@gradpool/core'
import { type ImageDataset, type Picture } from '@gradpool/datasets'
import { type Encoder, encoderOf, HashIndex, type Neighbour } from '@gradpool/hashing'
import { decodeSavedModel, reasonOf, writeDurably } from '@gradpool/storage'
import { bitsOf, type Found, neighbourLines, queryLines, shortOf } from '../display/neighbours.js'
import { exitCode } from '../exit-code.js'
import { codesOf } from '../hashing/codes.js'
import { type Collection, collectionOf, loadCollection } from '../hashing/collection.js'
import { isNumber, pngImage, type Query, testImage } from '../hashing/query.js'
import { type Io } from '../io.js'
import { contactSheet } from '../pictures/contact-sheet.js'
import { encodePng } from '../pictures/encode-png.js'

export interface SearchCommandOptions {
  /** The number of a test image, or a PNG file. */
  readonly image: string
  readonly k: number
  /** Only images of which at most so many bits differ. */
  readonly radius?: number
  /** A folder in the place of the one that was indexed. */
  readonly data?: string
  readonly json?: boolean
  /** A PNG file to write. */
  readonly sheet?: string
}

/**
 * @throws UserError for an index, an image or data that are not there or not what they should be; nothing is written
 */
export async function searchCommand(
  path: string,
  { image, k, radius, data, json = false, sheet }: SearchCommandOptions,
  { stdout }: Io,
): Promise<number> {
  const index = await HashIndex.load(path)
  const { encoder, collection } = carriedBy(index, path)
  const dataset = await loadCollection(collection, { directory: data })
  const query = isNumber(image) ? testImage(image, dataset) : await pngImage(image, dataset.imageShape)
  const code = await codesOf(encoder, { ...query.picture, imageShape: dataset.imageShape })
  const neighbours = index.searchHamming(code, { k, radius, model: encoder.model })
  const found = neighbours.map((one) => ({ ...one, picture: pictureOf(one, dataset, path) }))
  if (sheet !== undefined) await writeSheet(sheet, query, found)
  if (json) {
    stdout.printJson(JSON.stringify({ query: { label: query.label }, neighbours }, null, 2))
    return exitCode.done
  }
  const how = `by the ${index.bits} bits of ${index.model.name}`
  stdout.print(queryLines(query).join('\n'))
  if (found.length === 0) stdout.print(`\nNo image is so near, ${how}.`)
  else stdout.print(`\n${found.length} of ${index.size} images, the nearest first ${how}:`)
  for (const line of neighbourLines(found, stdout.columns())) stdout.print(line)
  if (sheet !== undefined) stdout.print(`\nThe same as a picture: ${sheet}`)
  return exitCode.done
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

async function writeSheet(path: string, { label, picture }: Query, found: readonly Found[]): Promise<void> {
  const query = { picture, caption: [label === null ? 'query' : `query ${label}`] }
  const entries = found.map(({ picture, label, hamming, distance }) => ({
    picture,
    caption: [label === null ? '' : `label ${label}`, bitsOf(hamming), distance === null ? '' : shortOf(distance)],
  }))
  try {
    await writeDurably(path, encodePng(contactSheet([query, ...entries])))
  } catch (error) {
    throw new UserError(`The sheet cannot be written to '${path}': ${reasonOf(error)}`, {
      cause: error,
    })
  }
}
