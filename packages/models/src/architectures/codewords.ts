/** Codewords for classes, far from each other. */

/**
 * The bits of a codeword for each class, 0 or 1, row by row [classes, bits]: rows of a Hadamard matrix, of which any
 * two differ in half of the bits where `bits` is a power of two above `classes`, and in about half otherwise.
 *
 * Source: Yuan et al., "Central similarity quantization for efficient image and video retrieval" (2020).
 */
export function codewords(classes: number, bits: number): number[][] {
  const order = 2 ** Math.ceil(Math.log2(Math.max(bits, classes + 1)))
  return Array.from({ length: classes }, (_, label) => {
    // Steps of an odd number visit each row once before row 0, which is constant; 13 mixes those of low number.
    const row = ((label + 1) * 13) % order
    return Array.from({ length: bits }, (_, bit) => parity(row & bit))
  })
}

function parity(word: number): number {
  let bits = word
  for (const half of [16, 8, 4, 2, 1]) bits ^= bits >>> half
  return bits & 1
}
