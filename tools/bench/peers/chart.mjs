/**
 * The results as one picture: a panel a workload, a row a competitor. Steps are dots on a logarithmic scale, which has
 * no zero to start a bar at; the catalogue's times are bars.
 */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { duration } from './tables.mjs'

const WIDTH = 760
const ROW_HEIGHT = 19
const OURS = '#0b6e4f'
const THEIRS = '#6b7280'

/** @returns SVG as text */
export function drawChart({ steps, catalogue, machine, date }) {
  const { document } = parseHTML('<html><body></body></html>')
  const panels = [
    ...steps.map(({ workload, batchSize, rows }) => ({
      title: `${workload}, batch ${batchSize}: a training step on one core`,
      rows: rows.filter(measured).map((row) => ({ ...row, label: duration(row.microseconds) })),
      value: 'microseconds',
      isLogarithmic: true,
    })),
    {
      title: `The report’s six experiments, end to end on ${machine.cores} cores, start-up included`,
      rows: catalogue.filter(measured).map((row) => ({ ...row, label: `${row.seconds.toFixed(1)} s` })),
      value: 'seconds',
    },
  ]
  const baseline = steps[0]?.rows.find(({ timesGradpool }) => timesGradpool === 1)?.name
  let y = 0
  const drawn = panels.map((panel) => {
    const plot = drawPanel(panel, document)
    plot.setAttribute('y', String(y))
    y += Number(plot.getAttribute('height'))
    return plot.outerHTML
  })
  const footer = `Steps on a logarithmic scale; in brackets, times ${baseline}. ${escape(machine.cpu)}, Node ${machine.node.slice(1)}, ${date}.`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 28}" viewBox="0 0 ${WIDTH} ${y + 28}" font-family="system-ui, sans-serif">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...drawn,
    `<text x="12" y="${y + 14}" font-size="11" fill="${THEIRS}">${footer}</text>`,
    `</svg>\n`,
  ].join('\n')
}

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const measured = ({ failure }) => failure === undefined

function drawPanel({ title, rows, value, isLogarithmic = false }, document) {
  const sorted = rows.toSorted((a, b) => a[value] - b[value])
  const color = ({ name }) => (name.startsWith('Gradpool') ? OURS : THEIRS)
  const times = ({ timesGradpool: ratio }) => `${ratio < 10 ? ratio.toPrecision(2) : ratio.toFixed(0)}×`
  const low = sorted[0]?.[value] / 1.3
  const plot = Plot.plot({
    document,
    width: WIDTH,
    height: 44 + ROW_HEIGHT * rows.length,
    marginTop: 32,
    marginBottom: 12,
    marginLeft: 190,
    marginRight: 130,
    x: isLogarithmic
      ? { type: 'log', axis: null, domain: [low, sorted.at(-1)?.[value]] }
      : { axis: null, domain: [0, sorted.at(-1)?.[value]] },
    y: { domain: sorted.map(({ name }) => name), label: null },
    marks: [
      Plot.axisY({ tickSize: 0, fontSize: 12, fill: '#111827' }),
      ...(isLogarithmic
        ? [
            Plot.ruleY(sorted, { y: 'name', x1: low, x2: value, stroke: '#d1d5db' }),
            Plot.dot(sorted, { y: 'name', x: value, fill: color, r: 4.5 }),
          ]
        : [Plot.barX(sorted, { y: 'name', x: value, fill: color, insetTop: 3, insetBottom: 3 })]),
      Plot.text(sorted, {
        y: 'name',
        x: value,
        text: (row) => `${row.label}  (${times(row)})`,
        textAnchor: 'start',
        dx: 9,
        fontSize: 12,
        fill: color,
        stroke: 'white',
        strokeWidth: 4,
      }),
      Plot.text([title], {
        frameAnchor: 'top-left',
        dx: -178,
        dy: -22,
        fontSize: 13,
        fontWeight: 600,
        fill: '#111827',
      }),
    ],
  })
  return plot
}
