/** `gradpool search`: the images of an index that are most like another, by their codes. */
import { UserError } from '@gradpool/core'
import { reasonOf, writeDurably } from '@gradpool/storage'
import { bitsOf, type Found, neighbourLines, queryLines, shortOf } from '../display/neighbours.js'
import { exitCode } from '../exit-code.js'
import { nearest, openIndex } from '../hashing/search-index.js'
import { isNumber, pngImage, type Query, testImage } from '../hashing/query.js'
import { type Io } from '../io.js'
import { checkOutputs, PNG_FILE } from '../output-files.js'
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
  if (sheet !== undefined) {
    const inputs = [path, image, data]
    await checkOutputs([{ option: '--sheet', path: sheet, kind: PNG_FILE }], { inputs })
  }
  const searched = await openIndex(path, data)
  const { index, dataset } = searched
  const query = isNumber(image) ? testImage(image, dataset) : await pngImage(image, dataset.imageShape)
  const found = await nearest(searched, query.picture, { k, radius })
  const neighbours = found.map(({ picture: _, ...one }) => one)
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
