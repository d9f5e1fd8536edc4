/** The benchmark's tables, as text. */

export function printSteps({ workload, batchSize, flops, rows }) {
  console.log(`\n${workload}, batch ${batchSize}, one core`)
  console.table(
    rows.map((row) =>
      row.failure === undefined
        ? {
            by: row.name,
            'a step': `${duration(row.microseconds)} ±${percent(row.spread)}`,
            'times Gradpool': row.timesGradpool.toFixed(2),
            'GFLOP/s': (flops / row.microseconds / 1000).toFixed(1),
            cores: row.cores.toFixed(2),
            'first step after': `${row.firstStepSeconds.toFixed(1)} s`,
            'peak memory': `${row.peakMB.toFixed(0)} MB`,
            version: row.version,
          }
        : { by: row.name, 'a step': 'failed' },
    ),
  )
}

export function printCatalogue(rows, { cores }) {
  console.log(`\nThe report's six experiments, ${cores} cores, start-up included`)
  console.table(
    rows.map((row) =>
      row.failure === undefined
        ? {
            by: row.name,
            time: `${row.seconds.toFixed(1)} s ±${percent(row.spread)}`,
            'times Gradpool': row.timesGradpool.toFixed(2),
            'mean accuracy': row.meanAccuracy.toFixed(3),
          }
        : { by: row.name, time: 'failed' },
    ),
  )
}

/** Three significant digits, in µs or ms. */
export function duration(microseconds) {
  const [value, unit] = microseconds < 10_000 ? [microseconds, 'µs'] : [microseconds / 1000, 'ms']
  return `${value < 100 ? value.toPrecision(3) : value.toFixed(0)} ${unit}`
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`
}
