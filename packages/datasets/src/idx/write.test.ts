import * as fc from 'fast-check'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../testing/temp-folder.js'
import { userErrorOf } from '../testing/user-errors.js'
import { readIdx } from './read.js'
import { encodeIdx, writeIdx } from './write.js'

const arrays = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }).chain((dims) => {
  const size = dims.reduce((product, extent) => product * extent, 1)
  return fc.record({
    dims: fc.constant(dims),
    values: fc.uint8Array({ minLength: size, maxLength: size }),
  })
})

describe('writeIdx', () => {
  it('writes what readIdx reads, plain and gzip', async () => {
    const directory = await tempFolder()
    const roundTrip = fc.asyncProperty(arrays, fc.boolean(), async (array, gzip) => {
      const path = join(directory, 'file')
      await writeIdx(path, array, { gzip })
      const { dims, values } = await readIdx(path, { rank: array.dims.length })
      expect({ dims, values: Uint8Array.from(values) }).toEqual(array)
    })
    await fc.assert(roundTrip, { numRuns: 100 })
  })

  it('compresses what is named .gz and leaves nothing else in the folder', async () => {
    const directory = await tempFolder()
    const array = { dims: [3], values: Uint8Array.of(1, 2, 3) }
    await writeIdx(join(directory, 'a'), array)
    await writeIdx(join(directory, 'b.gz'), array)
    expect((await readdir(directory)).sort()).toEqual(['a', 'b.gz'])
    const plain = await readFile(join(directory, 'a'))
    expect([...plain]).toEqual([0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3])
    expect(gunzipSync(await readFile(join(directory, 'b.gz')))).toEqual(plain)
  })

  it('refuses values that do not fill the dimensions, and extents that no header can hold', async () => {
    const values = new Uint8Array(5)
    expect(await userErrorOf(() => encodeIdx({ dims: [2, 3], values }))).toBe(
      'The values of an IDX file are 5 bytes, expected 6 (2 × 3)',
    )
    for (const extent of [-1, 1.5, 2 ** 32]) {
      expect(await userErrorOf(() => encodeIdx({ dims: [2, extent], values }))).toContain(
        `cannot have the dimensions 2 × ${extent}: expected at most 255 whole numbers below 2^32`,
      )
    }
  })

  it('writes up to 255 dimensions', async () => {
    const dims = (rank: number) => Array<number>(rank).fill(1)
    const values = Uint8Array.of(7)
    expect([...encodeIdx({ dims: dims(255), values }).subarray(0, 4)]).toEqual([0, 0, 8, 255])
    expect(await userErrorOf(() => encodeIdx({ dims: dims(256), values }))).toContain('expected at most 255')
  })
})

it('files larger than any buffer of the reader come through whole', async () => {
  const values = Uint8Array.from({ length: 3 * 1024 * 1024 + 17 }, (_, index) => (index * 31) >> 5)
  const bytes = encodeIdx({ dims: [values.length], values })
  const path = join(await tempFolder(), 'file')
  await writeFile(path, bytes)
  const plain = await readIdx(path)
  await writeFile(path, gzipSync(bytes))
  const packed = await readIdx(path)
  expect(Buffer.compare(plain.values, values)).toBe(0)
  expect(Buffer.compare(packed.values, values)).toBe(0)
  expect(packed.sha256).toBe(plain.sha256)
})
