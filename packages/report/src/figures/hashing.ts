/** Figures of a model that makes codes of bits: what a search finds. */
import { packCodes, retrievalQuality } from '@gradpool/hashing'
import { imageAt, labelsOf, type Examples } from './examples.js'
import type { HashingFigures } from './stage-figures.js'

const MOST_QUERIES = 500
const NUM_SHEETS = 6
const NUM_FOUND = 8
const MOST_LABEL = 254

/** The first examples are searched for among all others. */
export function hashingFigures(examples: Examples): HashingFigures | undefined {
  const code = examples.predicted.get('code')
  const labels = labelsOf(examples)
  const { images, count } = examples
  if (code === undefined || labels === undefined || images === undefined || count < 2) return undefined
  if (labels.some((label) => label < 0 || label > MOST_LABEL)) return undefined
  const { size: bits } = code
  const numQueries = Math.min(MOST_QUERIES, Math.floor(count / 2))
  const packed = packCodes(Float32Array.from(code.values), { bits })
  const bytes = packed.length / count
  const part = (from: number, to: number) => ({
    codes: packed.subarray(from * bytes, to * bytes),
    labels: Uint8Array.from(labels.subarray(from, to)),
  })
  const quality = retrievalQuality({
    bits,
    queries: part(0, numQueries),
    collection: part(numQueries, count),
    ranks: [],
    cutoffs: [],
  })
  const distance = (a: number, b: number) => {
    let [differing, squared] = [0, 0]
    for (let bit = 0; bit < bits; bit++) {
      const [one = 0, other = 0] = [code.values[a * bits + bit], code.values[b * bits + bit]]
      differing += Number(one >= 0.5 !== other >= 0.5)
      squared += (one - other) ** 2
    }
    return { differing, squared }
  }
  const sheets = Array.from({ length: Math.min(NUM_SHEETS, numQueries) }, (_, query) => {
    const others = Array.from({ length: count - numQueries }, (_, at) => {
      const other = numQueries + at
      return { other, ...distance(query, other) }
    }).sort((a, b) => a.differing - b.differing || a.squared - b.squared || a.other - b.other)
    return {
      query: imageAt(examples, images, query) ?? '',
      label: labels[query] ?? 0,
      found: others.slice(0, NUM_FOUND).map(({ other, differing }) => ({
        image: imageAt(examples, images, other) ?? '',
        label: labels[other] ?? 0,
        hamming: differing,
      })),
    }
  })
  const { meanAveragePrecision, withinRadius } = quality
  return {
    bits,
    numQueries,
    numImages: count - numQueries,
    meanAveragePrecision,
    withinRadius: withinRadius.map(({ radius, precision, recall }) => ({ radius, precision, recall })),
    sheets,
  }
}
