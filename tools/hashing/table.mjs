/** The table of retrieval quality in Markdown. */

export const heads = [
  ...['model', 'bits', 'mAP', 'mAP@1000', 'P@10', 'P@100', 'P@1000'],
  ...['in radius 2', 'nothing there', 'buckets', 'fullest'],
]

/** Of a row of results.json. */
export function cellsOf({ name, bits, precisionAt, radius2, occupancy, ...row }) {
  const figure = (value) => value.toFixed(3)
  const count = (value) => value.toLocaleString('en')
  const [method, width] = name.split(', ')
  return [
    width === undefined ? `\`${name}\`` : method,
    String(bits),
    figure(row.meanAveragePrecision),
    figure(row.meanAveragePrecisionAt1000),
    ...[10, 100, 1000].map((k) => figure(precisionAt[k])),
    figure(radius2.precision),
    figure(radius2.nothing),
    count(occupancy.buckets),
    count(occupancy.largest),
  ]
}

export function rowOf(cells) {
  return `| ${cells.join(' | ')} |`
}
