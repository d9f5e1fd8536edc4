/**
 * `node tools/report/run.mjs`: test accuracies of the report's six experiments over five seeds, as they are defined and
 * by the preset `tuned`. Trained by `gradpool run`, which reuses what earlier runs did. Writes results.json here.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { root } from '../environment.mjs'

const SEEDS = [0, 1, 2, 3, 4]
const command = join(root, 'packages', 'gradpool', 'bin', 'gradpool.js')

const presets = { default: runOf('default'), tuned: runOf('tuned') }
// The run has each experiment once for each seed.
const firsts = presets.default.experiments.filter((its) => its.seed === SEEDS[0])
const experiments = firsts.map(({ name, condition, reported }) => {
  const ofPreset = ({ experiments }) =>
    experiments.filter((its) => its.name === name).map(({ accuracy }) => Number(accuracy.toFixed(4)))
  return { name, condition, reported, default: ofPreset(presets.default), tuned: ofPreset(presets.tuned) }
})
const path = fileURLToPath(new URL('results.json', import.meta.url))
const results = {
  date: new Date().toISOString().slice(0, 10),
  command: `gradpool run report --seed ${SEEDS.join(',')}, and with --preset tuned`,
  engine: presets.default.engine,
  seeds: SEEDS,
  experiments,
}
writeFileSync(path, await format(JSON.stringify(results), { ...(await resolveConfig(path)), filepath: path }))

/** What `--json` prints of a run. */
function runOf(preset) {
  const args = ['run', 'report', '--preset', preset, '--seed', SEEDS.join(','), '--json']
  const { status, stdout } = spawnSync(process.execPath, [command, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`gradpool ${args.join(' ')} ended with ${status}`)
  return JSON.parse(stdout)
}
