/** What callbacks log, checked and copied: arrays may change after the call. */
import { UserError } from '@gradpool/core'
import type { ImageBytes, Log, LoggedImage, LoggedItem, LoggedTable } from './sink.js'

const MOST_NAME = 200
const WHITE = 255

/** @param take is given each item; @param epochOf the epoch that was done last */
export function logOf(take: (item: LoggedItem) => void, epochOf: () => number): Log {
  const named = (name: string) => ({ name: checkedName(name), epoch: epochOf() })
  return {
    image: (name, image) => take({ type: 'image', ...named(name), image: imageBytes(image) }),
    table: (name, table) => take({ type: 'table', ...named(name), table: checkedTable(table) }),
    file: (name, contents) => take({ type: 'file', ...named(name), contents: new Uint8Array(bytesOf(contents)) }),
  }
}

function bytesOf(contents: Uint8Array | string): Uint8Array {
  return typeof contents === 'string' ? new TextEncoder().encode(contents) : contents
}

function checkedName(name: string): string {
  if (typeof name === 'string' && name !== '' && name.length <= MOST_NAME) return name
  throw new UserError(`what is logged needs a name of 1 to ${MOST_NAME} characters`)
}

/** @throws UserError where the values are not as many as the shape says */
export function imageBytes({ values, shape, range: [black, white] = [0, WHITE] }: LoggedImage): ImageBytes {
  const [height, width, channels = 1] = shape
  const count = height * width * channels
  if (!(count > 0) || values.length !== count) {
    throw new UserError(`an image of shape [${shape.join(', ')}] has ${count} values, not ${values.length}`)
  }
  // A clamped array rounds; NaN becomes black.
  const bytes = Uint8ClampedArray.from(values, (value) => ((value - black) / (white - black)) * WHITE)
  return { bytes: new Uint8Array(bytes.buffer), height, width, channels }
}

function checkedTable({ columns, rows }: LoggedTable): LoggedTable {
  const wrong = rows.findIndex((row) => row.length !== columns.length)
  if (wrong < 0) return { columns: [...columns], rows: rows.map((row) => [...row]) }
  throw new UserError(
    `row ${wrong} of a table of ${columns.length} columns has ${rows[wrong]?.length ?? 0} values in place of one each`,
  )
}
