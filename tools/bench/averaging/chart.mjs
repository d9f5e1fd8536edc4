/** The loss of each way to train, by steps and, where it was measured, by time, as one picture. */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'

const WIDTH = 760
const HEIGHT = 300
const INK = '#111827'
const FAINT = '#6b7280'
const COLORS = ['#111827', '#0b6e4f', '#2a9d8f', '#8ecae6', '#e76f51', '#b5179e']

/** @returns SVG as text */
export function drawChart({ curves, setting, machine, date }) {
  const { document } = parseHTML('<html><body></body></html>')
  const panels = [
    { x: 'seconds', label: `seconds of training, ${setting.workers} workers` },
    { x: 'steps', label: `steps of ${setting.replicas * setting.batch} examples` },
  ].filter(({ x }) => curves.every(({ points }) => points.every((point) => x in point)))
  const width = WIDTH / panels.length
  const drawn = panels.map((panel, i) => {
    const plot = drawPanel(curves, panel, width, document)
    plot.setAttribute('x', String(i * width))
    plot.setAttribute('y', '30')
    return plot.outerHTML
  })
  const key = curves.map(({ name }, i) => {
    const x = 16 + (i % 3) * 250
    const y = HEIGHT + 52 + 18 * Math.floor(i / 3)
    return (
      `<rect x="${x}" y="${y - 9}" width="14" height="4" fill="${COLORS[i]}"/>` +
      `<text x="${x + 20}" y="${y - 3}" font-size="12" fill="${INK}">${name}</text>`
    )
  })
  const height = HEIGHT + 112
  const footer =
    `${setting.replicas} replicas of ${setting.batch} examples a step, ${setting.engine}; ` +
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node.slice(1)}, ${date}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="12" y="20" font-size="13" font-weight="600" fill="${INK}">Loss of ${setting.network} over all training examples of MNIST, after each epoch</text>`,
    ...drawn,
    ...key,
    `<text x="12" y="${height - 10}" font-size="11" fill="${FAINT}">${footer}</text>`,
    `</svg>\n`,
  ].join('\n')
}

function drawPanel(curves, { x, label }, width, document) {
  const ticks = [2, 1, 0.5, 0.2, 0.1, 0.05, 0.02]
  return Plot.plot({
    document,
    width,
    height: HEIGHT,
    marginLeft: 44,
    marginRight: 16,
    marginBottom: 40,
    style: { color: INK },
    x: { label, labelAnchor: 'center', labelArrow: 'none', domain: domainOf(curves, x), ticks: 5 },
    y: { type: 'log', label: null, ticks, tickFormat: String, grid: true },
    marks: curves.flatMap(({ points }, i) => [
      Plot.line(points, { x, y: 'loss', stroke: COLORS[i], strokeWidth: 1.6 }),
      Plot.dot(points, { x, y: 'loss', fill: COLORS[i], r: 1.8 }),
    ]),
  })
}

function domainOf(curves, x) {
  return [0, Math.max(...curves.flatMap(({ points }) => points.map((point) => point[x])))]
}
