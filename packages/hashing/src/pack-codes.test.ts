import fc from 'fast-check'
import { expect, it } from 'vitest'
import { packCodes } from './pack-codes.js'

it('puts bit j into byte j / 8, the least significant first', () => {
  const code = Float32Array.from([1, 0, 0, 0.5, 0, 0, 0, 0.49999997, 0, 0.51])
  expect([...packCodes(code, { bits: 10 })]).toEqual([0b1001, 0b10])
})

it('agrees with what the bits spell as a number, at any width', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 256 }),
    fc.array(fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), { maxLength: 5 }),
    (bits, wanted) => {
      const codes = wanted.map((code) => BigInt.asUintN(bits, code))
      const values = codes.flatMap((code) =>
        Array.from({ length: bits }, (_, bit) => Number((code >> BigInt(bit)) & 1n)),
      )
      const packed = packCodes(Float32Array.from(values), { bits })
      const rowBytes = Math.ceil(bits / 8)
      const spelled = codes.map((_, row) =>
        [...packed.subarray(row * rowBytes, (row + 1) * rowBytes)].reduceRight(
          (sum, byte) => sum * 256n + BigInt(byte),
          0n,
        ),
      )
      expect(spelled).toEqual(codes)
    },
  )
  fc.assert(property)
})

it('refuses what are no codes', () => {
  const pack = (values: number[], bits: number) => () => packCodes(Float32Array.from(values), { bits })
  expect(pack([0, 1, 0.2], 2)).toThrow('codes of 2 bits cannot be 3 numbers in all')
  expect(pack([0, 1, 0, NaN], 2)).toThrow('element 1 of row 1 is NaN')
  expect(pack([0, 1.5], 2)).toThrow('element 1 of row 0 is 1.5')
  expect(pack([], 0)).toThrow('codes have 1 to 256 bits, not 0')
  expect(pack([], 257)).toThrow('not 257')
})
