import { mkdtemp, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '@gradpool/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { colorTypes, makePng, type PngParts } from '../testing/make-png.js'
import { encodePng } from './encode-png.js'
import { readPng } from './read-png.js'

/** Of the two tests that draw their inputs. */
const numRuns = process.env.GRADPOOL_LONG_TESTS === '1' ? 100_000 : 500
const timeout = 10 * 60_000

const folder = await mkdtemp(join(tmpdir(), 'gradpool-png-'))
let numFiles = 0

async function fileOf(bytes: Uint8Array): Promise<string> {
  numFiles += 1
  const path = join(folder, `${numFiles}.png`)
  await writeFile(path, bytes)
  return path
}

const twoByTwo = { width: 2, height: 2, depth: 8 } as const

test.each<[string, PngParts, number[]]>([
  ['grey', { ...twoByTwo, colorType: colorTypes.grey, lines: [0, 0, 100, 0, 200, 255] }, [0, 100, 200, 255]],
  [
    'grey of one bit a pixel, a filter of lines',
    { ...twoByTwo, depth: 1, colorType: colorTypes.grey, lines: [0, 0b01000000, 2, 0b01000000] },
    [0, 255, 255, 0],
  ],
  [
    'grey of 16 bits',
    {
      ...twoByTwo,
      depth: 16,
      colorType: colorTypes.grey,
      lines: [0, 0, 0, 0x64, 0x64, 0, 0xc8, 0xc8, 0xff, 0xff],
    },
    [0, 100, 200, 255],
  ],
  [
    'grey, interlaced',
    {
      ...twoByTwo,
      colorType: colorTypes.grey,
      interlaced: true,
      // Of the seven passes the first, the sixth and the seventh have pixels here.
      lines: [0, 10, 0, 20, 0, 30, 40],
    },
    [10, 20, 30, 40],
  ],
  [
    'colours',
    {
      ...twoByTwo,
      colorType: colorTypes.rgb,
      lines: [0, 255, 0, 0, 0, 255, 0, 0, 0, 0, 255, 90, 90, 90],
    },
    [0.2126 * 255, 0.7152 * 255, 0.0722 * 255, 90],
  ],
  [
    'a palette, one entry transparent over what is dark',
    {
      ...twoByTwo,
      colorType: colorTypes.palette,
      palette: [0, 0, 0, 50, 50, 50, 0, 0, 255],
      transparency: [255, 255, 0],
      lines: [0, 0, 1, 0, 2, 0],
    },
    [0, 50, 255, 0],
  ],
  [
    'bright grey on nothing, which is black then',
    {
      ...twoByTwo,
      colorType: colorTypes.greyAlpha,
      lines: [0, 255, 255, 0, 0, 0, 200, 255, 100, 51],
    },
    [255, 0, 200, 20],
  ],
  [
    'colours with opacity',
    {
      ...twoByTwo,
      colorType: colorTypes.rgba,
      lines: [0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 80, 80, 80, 255, 0, 0, 0, 51],
    },
    [0, 255, 80, 204],
  ],
])('%s', async (_, parts, expected) => {
  const { pixels, height, width } = await readPng(await fileOf(makePng(parts)))
  expect({ height, width }).toEqual({ height: parts.height, width: parts.width })
  expect(pixels).toHaveLength(expected.length)
  expected.forEach((grey, at) => expect(pixels[at]).toBeCloseTo(grey, 3))
})

test('what is written is read back', async () => {
  const picture = {
    pixels: Uint8Array.from({ length: 35 }, (_, at) => 7 * at),
    height: 5,
    width: 7,
  }
  const { pixels, ...size } = await readPng(await fileOf(encodePng(picture)))
  expect(size).toEqual({ height: 5, width: 7 })
  expect(Array.from(pixels)).toEqual(Array.from(picture.pixels))
})

const grey = makePng({ ...twoByTwo, colorType: colorTypes.grey, lines: [0, 0, 100, 0, 200, 255] })
const tooWide = makePng({ ...twoByTwo, width: 50_000, height: 50_000, colorType: 0, lines: [0] })
const bomb = (interlaced: boolean) =>
  makePng({ ...twoByTwo, colorType: 0, interlaced, lines: new Uint8Array(20_000_000) })

test.each<[string, Uint8Array, RegExp]>([
  ['empty', Buffer.alloc(0), /is not a PNG file$/],
  ['of another kind', Buffer.from('GIF89a and so on'), /is not a PNG file$/],
  ['cut in its header', grey.subarray(0, 20), /is a PNG file cut short$/],
  ['cut in its chunks', grey.subarray(0, 45), /is a damaged PNG file: /],
  ['without its end', grey.subarray(0, -12), /is a damaged PNG file: /],
  ['with a flipped bit', grey.map((byte, at) => (at === 50 ? byte ^ 4 : byte)), /is a damaged PNG/],
  ['of too few lines', makePng({ ...twoByTwo, colorType: 0, lines: [0, 1] }), /is a damaged PNG/],
  ['of no pixels', makePng({ ...twoByTwo, width: 0, colorType: 0, lines: [] }), /is a damaged PNG/],
  ['far too wide', tooWide, /has 50000 × 50000 pixels, and a picture may have 16777216 at most$/],
  ['that inflates to more than there can be', bomb(false), /is a damaged PNG file: .* 6 bytes/],
  ['that does, and is interlaced', bomb(true), /is a damaged PNG file: .* 7 bytes/],
  [
    'interlaced and cut',
    makePng({ ...twoByTwo, colorType: 0, interlaced: true, lines: [0, 10, 0] }),
    /is a damaged PNG/,
  ],
])('a file %s is refused', async (_, bytes, sentence) => {
  const path = await fileOf(bytes)
  const error: unknown = await readPng(path).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UserError)
  expect(String(error)).toMatch(sentence)
  expect(String(error)).toContain(path)
})

test('what is no file, not there, or too large is refused', async () => {
  await expect(readPng(folder)).rejects.toThrow(/is a folder, not a file$/)
  await expect(readPng(join(folder, 'none.png'))).rejects.toThrow(/^There is no file '.*none\.png'$/)
  const path = await fileOf(grey)
  await truncate(path, 2 ** 26 + 1)
  await expect(readPng(path)).rejects.toThrow(/has 67108865 bytes/)
})

test(
  'whatever the bytes, it is a picture or refused',
  async () => {
    const parts = { width: 5, height: 4, depth: 8, colorType: colorTypes.rgba } as const
    const lines = Array.from({ length: 4 * 21 }, (_, at) => (at % 21 === 0 ? at % 5 : at))
    const files = [
      makePng({ ...parts, lines }),
      makePng({ ...twoByTwo, colorType: 0, interlaced: true, lines: [0, 10, 0, 20, 0, 30, 40] }),
    ]
    const change = fc.record({
      file: fc.constantFrom(...files),
      at: fc.nat(200),
      byte: fc.nat(255),
      cut: fc.boolean(),
    })
    const path = await fileOf(new Uint8Array())
    await fc.assert(
      fc.asyncProperty(change, async ({ file, at, byte, cut }) => {
        const changed = Buffer.from(cut ? file.subarray(0, at) : file)
        if (at < changed.length) changed[at] = byte
        await writeFile(path, changed)
        const outcome = await readPng(path).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(UserError)
      }),
      { numRuns },
    )
  },
  timeout,
)

test(
  'so it is where checksums and sizes are right, and nothing else need be',
  async () => {
    const values = fc.record({
      width: fc.integer({ min: 1, max: 9 }),
      height: fc.integer({ min: 1, max: 9 }),
      depth: fc.constantFrom<PngParts['depth'][]>(1, 2, 4, 8, 16),
      colorType: fc.constantFrom(...Object.values(colorTypes)),
      lines: fc.array(fc.nat(255), { minLength: 700, maxLength: 700 }),
      palette: fc.array(fc.nat(255), { maxLength: 12 }),
    })
    const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
    const path = await fileOf(new Uint8Array())
    let numRead = 0
    await fc.assert(
      fc.asyncProperty(values, async ({ lines, ...parts }) => {
        const { width, height, depth, colorType } = parts
        const lineBytes = 1 + Math.ceil((width * channels[colorType] * depth) / 8)
        const filtered = lines.slice(0, height * lineBytes).map((byte, at) => (at % lineBytes === 0 ? byte % 5 : byte))
        await writeFile(path, makePng({ ...parts, lines: filtered }))
        const outcome = await readPng(path).catch((error: unknown) => error)
        if (outcome instanceof UserError) return
        numRead += 1
        expect(outcome).toMatchObject({ width, height })
        const { pixels } = outcome as { pixels: Float32Array }
        expect(pixels).toHaveLength(width * height)
        expect(pixels.every((grey) => grey >= 0 && grey <= 255)).toBe(true)
      }),
      { numRuns },
    )
    expect(numRead).toBeGreaterThan(numRuns / 5)
  },
  timeout,
)
