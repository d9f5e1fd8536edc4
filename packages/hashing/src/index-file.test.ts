import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ValueKind } from './code-values.js'
import { IndexFileError } from './errors.js'
import { HashIndex } from './hash-index.js'
import { numbers } from './testing/collections.js'

const model = { name: 'mnist_hash_1, seed 0', hash: 'a'.repeat(64) }

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradpool-hashing-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function sample(bits: number, values: ValueKind, numRows: number): HashIndex {
  const next = numbers(bits)
  const encoder = Uint8Array.of(1, 2, 3)
  const index = HashIndex.create({ bits, model, values, encoder, about: 'digits' })
  index.add({
    codes: Float32Array.from({ length: bits * numRows }, next),
    ids: Array.from({ length: numRows }, () => Math.floor(2 ** 32 * next())),
    labels: Array.from({ length: numRows }, () => Math.floor(10 * next())),
  })
  return index
}

describe('a saved index', () => {
  it('comes back as it was, and takes further rows', async () => {
    const file = join(folder, 'whole')
    for (const values of ['f32', 'u8', 'none'] as const) {
      for (const [bits, numRows] of [
        [1, 3],
        [10, 200],
        [16, 0],
        [64, 100],
        [256, 65],
      ] as const) {
        const index = sample(bits, values, numRows)
        await index.save(file)
        const loaded = await HashIndex.load(file)
        expect(loaded.size).toBe(numRows)
        expect([loaded.bits, loaded.model, loaded.values]).toEqual([bits, model, values])
        expect(loaded.encoder).toEqual(Uint8Array.of(1, 2, 3))
        expect(loaded.about).toBe('digits')
        const extra = new Float32Array(bits).fill(0.75)
        for (const each of [index, loaded]) each.add({ codes: extra, ids: [5], labels: [3] })
        const query = Float32Array.from({ length: bits }, numbers(7))
        expect(loaded.searchHamming(query, { k: 1000 })).toEqual(index.searchHamming(query, { k: 1000 }))
      }
    }
    expect(await readdir(folder)).toEqual(['whole'])
  })

  it('is at most 1.2 times the size of its codes and ids', async () => {
    const file = join(folder, 'size')
    for (const [values, rowBytes] of [
      ['f32', 40],
      ['u8', 10],
      ['none', 2],
    ] as const) {
      const index = HashIndex.create({ bits: 10, model, values })
      const numRows = 60_000
      index.add({
        codes: Float32Array.from({ length: 10 * numRows }, numbers(1)),
        labels: new Uint8Array(numRows),
      })
      await index.save(file)
      const { length } = await readFile(file)
      expect(length).toBeLessThanOrEqual(1.2 * (rowBytes + 4) * numRows)
    }
  })
})

describe('what is no whole index is refused with a sentence', () => {
  let bytes = Buffer.alloc(0)
  beforeAll(async () => {
    const file = join(folder, 'good')
    await sample(10, 'none', 20).save(file)
    bytes = await readFile(file)
  })

  async function refusal(content: Uint8Array): Promise<Error> {
    const file = join(folder, 'bad')
    await writeFile(file, content)
    const error: unknown = await HashIndex.load(file).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof IndexFileError)) expect.fail(`not refused: ${String(error)}`)
    expect(error.message).toContain(file)
    return error
  }

  /** With a checksum that fits. */
  function sealed(content: Uint8Array): Uint8Array {
    const body = content.subarray(0, content.length - 32)
    return Buffer.concat([body, createHash('sha256').update(body).digest()])
  }

  function withHeader(change: (text: string) => string): Uint8Array {
    const length = bytes.readUInt32LE(12)
    const text = Buffer.from(change(bytes.toString('utf8', 16, 16 + length)))
    const prefix = Buffer.from(bytes.subarray(0, 16))
    prefix.writeUInt32LE(text.length, 12)
    return sealed(Buffer.concat([prefix, text, bytes.subarray(16 + length)]))
  }

  it('cut short anywhere, or with more behind it', async () => {
    for (let length = 0; length < bytes.length; length += 7) {
      const { message } = await refusal(bytes.subarray(0, length))
      expect(message).toContain('is not a whole index file')
    }
    const longer = await refusal(Buffer.concat([bytes, Buffer.from([0])]))
    expect(longer.message).toContain(`it has ${bytes.length + 1} bytes where its header says`)
  })

  it('with any bit flipped', async () => {
    const flips = fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
      const wrong = Buffer.from(bytes)
      wrong[at] = (wrong[at] ?? 0) ^ (1 << bit)
      await refusal(wrong)
    })
    await fc.assert(flips, { numRuns: 200 })
  })

  it('of another version, or of something else', async () => {
    const version1 = Buffer.from(bytes)
    version1.writeUInt32LE(1, 8)
    expect((await refusal(sealed(version1))).message).toContain(
      'is an index of version 1, and this Gradpool reads version 2',
    )
    expect((await refusal(Buffer.from('PNG, or whatever else it is'))).message).toContain('it does not begin like one')
  })

  it('whose header claims more than there is, before anything is allocated', async () => {
    for (const [from, to] of [
      ['"numRows":20', '"numRows":4294967295'],
      ['"encoderBytes":3', '"encoderBytes":4294967295'],
      ['"bits":10', '"bits":256'],
      ['"bits":10', '"bits":0'],
      ['"bits":10', '"bits":"10"'],
      ['"values":"none"', '"values":"toString"'],
      ['"model":', '"other":'],
    ] as const) {
      const { message } = await refusal(withHeader((text) => text.replace(from, to)))
      expect(message).toMatch(/its header (says|is malformed)/)
    }
    const huge = Buffer.from(bytes)
    huge.writeUInt32LE(2 ** 31, 12)
    expect((await refusal(huge)).message).toContain('its header should have 2147483648 bytes')
  })

  it('whose codes cannot be, though its checksum fits', async () => {
    const wrong = Buffer.from(bytes)
    wrong[wrong.length - 33] = 0xff
    expect((await refusal(sealed(wrong))).message).toContain('codes of more than 10 bits')
    const file = join(folder, 'nan')
    await sample(4, 'f32', 3).save(file)
    const values = await readFile(file)
    values.writeFloatLE(NaN, values.length - 36)
    expect((await refusal(sealed(values))).message).toContain('not numbers from 0 to 1')
  })

  it('that is not there, or cannot be written', async () => {
    const nowhere = join(folder, 'nowhere', 'index')
    await expect(HashIndex.load(nowhere)).rejects.toThrow(
      `the index ${nowhere} cannot be read (no such file or directory)`,
    )
    await expect(HashIndex.load(folder)).rejects.toThrow(`'${folder}' is a folder, not a file`)
    const index = sample(4, 'u8', 3)
    await expect(index.save(nowhere)).rejects.toThrow(`the index cannot be written to ${nowhere}`)
    await expect(index.save(folder)).rejects.toThrow('cannot be written')
    if (process.getuid?.() === 0) return
    const readOnly = await mkdtemp(join(folder, 'read-only-'))
    await chmod(readOnly, 0o500)
    await expect(index.save(join(readOnly, 'index'))).rejects.toThrow('permission denied')
  })
})
