import { expect, test } from 'vitest'
import { packCodes } from '../pack-codes.js'
import { bucketOccupancy } from './bucket-occupancy.js'

const bits = 9
const rows = ['100000001', '100000000', '100000001', '000000000', '100000001']
const codes = packCodes(Float32Array.from(rows.join(''), Number), { bits })

test('counts codes by bucket, bits past the first byte included', () => {
  expect(bucketOccupancy(codes, bits)).toEqual({
    buckets: 3,
    singles: 2,
    largest: 3,
    meanOfCode: (3 * 3 + 1 + 1) / 5,
  })
})

test('has nothing to count in no codes', () => {
  const none = { buckets: 0, singles: 0, largest: 0, meanOfCode: 0 }
  expect(bucketOccupancy(new Uint8Array(), bits)).toEqual(none)
})
