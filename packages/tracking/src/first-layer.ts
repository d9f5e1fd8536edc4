/** The weights of a first layer as pictures: what each unit looks for in an image. */
import type { Program } from '@gradpool/core/engine'
import type { ImageBytes, LoggedWeights } from '@gradpool/trainer'

const MOST_UNITS = 64
const LEAST_SIDE = 4
const WHITE = 255
const RGB = 3

interface Filters {
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly units: number
}

/** Undefined where the first layer sees no image. The colours: blue below 0, white at 0, red above. */
export function firstLayer(program: Program, weights: LoggedWeights): ImageBytes | undefined {
  for (const { name, shape } of program.states) {
    const values = weights[name]
    const filters = filtersOf(program, shape)
    if (values && filters) return tiled(values, filters)
  }
  return undefined
}

function filtersOf(program: Program, shape: readonly number[]): Filters | undefined {
  const [height = 0, width = 0, channels = 0, units = 0] = shape
  if (shape.length === 4) return channels === 1 ? { height, width, channels, units } : undefined
  if (shape.length !== 2) return undefined
  // `[pixels, units]`.
  for (const field of program.fields) {
    const [, ...extents] = field.shape
    const pixels = extents.reduce((product, extent) => product * extent, 1)
    if (pixels !== height) continue
    const side = Math.sqrt(pixels)
    if (extents.length === 2) return { height: extents[0] ?? 0, width: extents[1] ?? 0, channels: 1, units: width }
    if (Number.isInteger(side) && side >= LEAST_SIDE) return { height: side, width: side, channels: 1, units: width }
  }
  return undefined
}

/** Pictures beside each other, with a line of grey between them. */
function tiled(values: Float32Array, { height, width, channels, units }: Filters): ImageBytes {
  const count = Math.min(units, MOST_UNITS)
  const columns = Math.ceil(Math.sqrt(count))
  const rows = Math.ceil(count / columns)
  const [fullHeight, fullWidth] = [rows * (height + 1) + 1, columns * (width + 1) + 1]
  const bytes = new Uint8Array(fullHeight * fullWidth * RGB).fill(128)
  for (let unit = 0; unit < count; unit++) {
    const weightAt = (pixel: number) => values[pixel * channels * units + unit] ?? 0
    let most = 0
    for (let pixel = 0; pixel < height * width; pixel++) most = Math.max(most, Math.abs(weightAt(pixel)))
    const top = 1 + Math.floor(unit / columns) * (height + 1)
    const left = 1 + (unit % columns) * (width + 1)
    for (let pixel = 0; pixel < height * width; pixel++) {
      const share = most > 0 ? weightAt(pixel) / most : 0
      const pale = Math.round(WHITE * (1 - Math.abs(share)))
      const at = ((top + Math.floor(pixel / width)) * fullWidth + left + (pixel % width)) * RGB
      bytes.set(share < 0 ? [pale, pale, WHITE] : [WHITE, pale, pale], at)
    }
  }
  return { bytes, height: fullHeight, width: fullWidth, channels: RGB }
}
