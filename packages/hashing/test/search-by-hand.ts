/* eslint-disable @nx/enforce-module-boundaries -- the README's example, as a user writes it */
import { HashIndex } from '@gradpool/hashing'

const model = { name: 'by hand', hash: '0'.repeat(64) } // who makes the codes: the hash of the encoder's weights
const index = HashIndex.create({ bits: 3, model })
index.add({
  codes: Float32Array.from([0.9, 0.1, 0.2, 0.8, 0.4, 0.1, 0.1, 0.9, 0.9]), // [3 codes, 3 bits]
  labels: [7, 7, 1],
})

const query = Float32Array.from([0.8, 0.3, 0.1])
console.log(index.searchBucket(query, { k: 2 })) // the rows with the query's bits, nearest first
console.log(index.searchHamming(query, { k: 3 })) // the nearest by bits
