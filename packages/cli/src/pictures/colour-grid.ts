/** Pictures of one size in rows and columns, on white paper. */

/** Row-major, 0..255, of one channel or three. */
export interface ColourPicture {
  readonly pixels: ArrayLike<number>
  readonly height: number
  readonly width: number
  readonly channels: number
}

const gap = 8
/** A picture is shown as wide as that at least, by whole numbers of pixels for one of its own. */
const leastWidth = 64

/** Three channels. */
export function colourGrid(rows: readonly (readonly ColourPicture[])[]): ColourPicture {
  const { height = 1, width = 1 } = rows[0]?.[0] ?? {}
  const scale = Math.ceil(leastWidth / width)
  const [down, across] = [height * scale + gap, width * scale + gap]
  const columns = Math.max(0, ...rows.map(({ length }) => length))
  const sheet = { height: gap + rows.length * down, width: gap + columns * across, channels: 3 }
  const pixels = new Uint8Array(sheet.height * sheet.width * 3).fill(255)
  rows.forEach((pictures, row) =>
    pictures.forEach((picture, column) => {
      for (let y = 0; y < height * scale; y += 1) {
        for (let x = 0; x < width * scale; x += 1) {
          const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * picture.channels
          const to = ((gap + row * down + y) * sheet.width + gap + column * across + x) * 3
          for (let c = 0; c < 3; c += 1) pixels[to + c] = picture.pixels[from + (c % picture.channels)] ?? 0
        }
      }
    }),
  )
  return { ...sheet, pixels }
}
