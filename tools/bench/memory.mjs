/** Peak resident memory of `gradpool run report`, by number of workers, as the process itself reports it at its end. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../../packages/gradpool/bin/gradpool.js', import.meta.url))
const reportPeak = `data:text/javascript,${encodeURIComponent(`
import { isMainThread } from 'node:worker_threads'
if (isMainThread) process.on('exit', () => process.stderr.write('\\npeak ' + process.resourceUsage().maxRSS + '\\n'))
`)}`

/** @returns workers → MB */
export function measureMemory(workerCounts) {
  return Object.fromEntries(workerCounts.map((workers) => [workers, peakOf(workers)]))
}

function peakOf(workers) {
  const out = mkdtempSync(join(tmpdir(), 'gradpool-bench-'))
  try {
    const { stderr, status } = spawnSync(
      process.execPath,
      [
        '--import',
        reportPeak,
        cli,
        'run',
        'report',
        '--epochs',
        '2',
        '--workers',
        String(workers),
        '--fresh',
        '--in-process',
        '--json',
        '--out',
        out,
      ],
      { encoding: 'utf8' },
    )
    const peak = /peak (\d+)/.exec(stderr)
    if (status !== 0 || !peak) throw new Error(`gradpool run report failed: ${stderr}`)
    return Math.round(Number(peak[1]) / 1024)
  } finally {
    rmSync(out, { recursive: true })
  }
}
