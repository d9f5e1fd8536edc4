/** The retrieval curves as one picture: precision against recall as the Hamming radius grows, and precision at k. */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'

const WIDTH = 860
const HEIGHT = 360

/** Which rows are drawn, and how. */
const styles = [
  { name: 'mnist_hash_semi', color: '#0b6e4f' },
  { name: 'mnist_hash_deep_64', color: '#1d4ed8' },
  { name: 'mnist_hash_deep_32', color: '#0891b2' },
  { name: 'mnist_hash_deep_16', color: '#7c3aed' },
  { name: 'ITQ, 64 bits', color: '#b45309' },
  { name: 'ITQ, 16 bits', color: '#ea580c' },
  { name: 'PCA-sign, 64 bits', color: '#be123c' },
  { name: 'mnist_hash_2', color: '#6b7280' },
]

/** @returns SVG as text */
export function drawChart({ rows, date, queries, collection }) {
  const { document } = parseHTML('<html><body></body></html>')
  const drawn = styles.flatMap(({ name, color }) => {
    const row = rows.find((one) => one.name === name)
    return row === undefined ? [] : [{ ...row, color }]
  })
  const panels = [
    panel(document, 'Precision against recall, by Hamming radius', {
      x: { label: 'recall', domain: [0, 1] },
      points: drawn.flatMap(({ name, precisionByRadius, recallByRadius }) =>
        precisionByRadius.flatMap((y, radius) =>
          recallByRadius[radius] > 0 ? [{ name, x: recallByRadius[radius], y }] : [],
        ),
      ),
    }),
    panel(document, 'Precision among the k nearest', {
      x: { label: 'k', type: 'log', domain: [1, 10_000], ticks: [1, 10, 100, 1000, 10_000] },
      points: drawn.flatMap(({ name, precisionAt }) =>
        Object.entries(precisionAt).map(([k, y]) => ({ name, x: Number(k), y })),
      ),
    }),
  ]
  const half = WIDTH / 2
  const legend = drawn.map(({ name, color, meanAveragePrecision }, i) => {
    const [x, y] = [12 + (i % 4) * (WIDTH / 4), HEIGHT + 18 + Math.floor(i / 4) * 20]
    const text = `${name} (${meanAveragePrecision.toFixed(3)})`
    return `<g><rect x="${x}" y="${y - 5}" width="16" height="4" fill="${color}"/><text x="${x + 22}" y="${y}" font-size="11" fill="#111827">${text}</text></g>`
  })
  const height = HEIGHT + 76
  const footer = `In brackets mean average precision over the whole ranking. MNIST, ${queries.toLocaleString('en')} test images against ${collection.toLocaleString('en')} training images, ${date}.`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...panels.map((plot, i) => {
      plot.setAttribute('x', String(i * half))
      return plot.outerHTML
    }),
    ...legend,
    `<text x="12" y="${height - 10}" font-size="11" fill="#6b7280">${footer}</text>`,
    `</svg>\n`,
  ].join('\n')
}

function panel(document, title, { x, points }) {
  return Plot.plot({
    document,
    width: WIDTH / 2,
    height: HEIGHT,
    marginTop: 40,
    marginLeft: 44,
    marginRight: 28,
    x: { ...x, tickFormat: (value) => value.toLocaleString('en') },
    y: { domain: [0, 1], label: null, grid: true },
    color: {
      domain: styles.map(({ name }) => name),
      range: styles.map(({ color }) => color),
    },
    marks: [
      Plot.ruleY([0]),
      Plot.line(points, { x: 'x', y: 'y', stroke: 'name', strokeWidth: 2 }),
      Plot.text([title], {
        frameAnchor: 'top-left',
        dx: -34,
        dy: -32,
        fontSize: 13,
        fontWeight: 600,
        fill: '#111827',
      }),
    ],
  })
}
