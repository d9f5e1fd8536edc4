/**
 * What several workers gain, as one picture: a panel a network, a bar for the examples a second of each competitor, and
 * what the model predicts for more cores than there were.
 */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'

const WIDTH = 760
const ROW_HEIGHT = 19
const OURS = '#0b6e4f'
const THEIRS = '#6b7280'
const INK = '#111827'
const PREDICTED_HEIGHT = 220

/** @returns SVG as text */
export function drawChart({ steps, predictions, machine, date }) {
  const { document } = parseHTML('<html><body></body></html>')
  const networks = [...new Set(steps.map(({ network }) => network))]
  const drawn = []
  let y = 0
  const place = (plot) => {
    plot.setAttribute('y', String(y))
    y += Number(plot.getAttribute('height'))
    drawn.push(plot.outerHTML)
  }
  for (const network of networks) {
    const [{ batchSize }] = steps.filter((each) => each.network === network)
    const rows = steps
      .filter((each) => each.network === network)
      .flatMap(({ rows }) => rows)
      .filter(({ failure }) => failure === undefined)
      .map(({ name, microseconds }) => ({ name, speed: (1e6 * batchSize) / microseconds }))
    place(drawSpeeds(`${network}, batch ${batchSize}: examples a second`, rows, document))
  }
  place(drawPredictions(predictions, document))
  const footer = `${machine.cpu.replaceAll('&', '&amp;')}, ${machine.cores} cores, Node ${machine.node.slice(1)}, ${date}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 28}" viewBox="0 0 ${WIDTH} ${y + 28}" font-family="system-ui, sans-serif">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...drawn,
    `<text x="12" y="${y + 14}" font-size="11" fill="${THEIRS}">${footer}</text>`,
    `</svg>\n`,
  ].join('\n')
}

const title = (text, dx) =>
  Plot.text([text], {
    frameAnchor: 'top-left',
    dx,
    dy: -22,
    fontSize: 13,
    fontWeight: 600,
    fill: INK,
  })

function drawSpeeds(text, rows, document) {
  const sorted = rows.toSorted((a, b) => b.speed - a.speed)
  const color = ({ name }) => (name.startsWith('Gradpool') ? OURS : THEIRS)
  return Plot.plot({
    document,
    width: WIDTH,
    height: 44 + ROW_HEIGHT * rows.length,
    marginTop: 32,
    marginBottom: 12,
    marginLeft: 270,
    marginRight: 80,
    x: { axis: null, domain: [0, sorted[0]?.speed] },
    y: { domain: sorted.map(({ name }) => name), label: null },
    marks: [
      Plot.axisY({ tickSize: 0, fontSize: 12, fill: INK }),
      Plot.barX(sorted, { y: 'name', x: 'speed', fill: color, insetTop: 3, insetBottom: 3 }),
      Plot.text(sorted, {
        y: 'name',
        x: 'speed',
        textAnchor: 'start',
        dx: 9,
        fontSize: 12,
        fill: color,
        text: ({ speed }) => Math.round(speed).toLocaleString('en'),
      }),
      title(text, -258),
    ],
  })
}

function drawPredictions(predictions, document) {
  const points = predictions.flatMap(({ network, one, times }) => [
    { network, workers: 1, speed: 1 },
    ...times.map(({ workers, all }) => ({ network, workers, speed: one / all })),
  ])
  const last = points.filter(({ workers }) => workers === 64)
  return Plot.plot({
    document,
    width: WIDTH,
    height: PREDICTED_HEIGHT,
    marginTop: 32,
    marginBottom: 40,
    marginLeft: 50,
    marginRight: 160,
    x: {
      type: 'log',
      base: 2,
      label: 'workers',
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: [1, 2, 4, 8, 16, 32, 64],
    },
    y: { label: null, grid: true, domain: [0, 10] },
    marks: [
      Plot.line(points, { x: 'workers', y: 'speed', z: 'network', stroke: OURS }),
      Plot.dot(points, { x: 'workers', y: 'speed', fill: OURS, r: 3 }),
      Plot.text(last, {
        x: 'workers',
        y: 'speed',
        text: 'network',
        textAnchor: 'start',
        dx: 9,
        fontSize: 12,
      }),
      title('Predicted, not measured beyond 2: times as fast as one worker', -38),
    ],
  })
}
