/**
 * `npm run test:mutants`: whether the suites notice mistakes in the sources whose results nobody would doubt.
 *
 *     npm run test:mutants -- [gradients] [losses] [readers]
 *
 * Stryker changes the sources, one operator, constant, condition or statement at a time, and runs the package's tests
 * that cover the place. A mutant that no test notices has survived: results.json lists those, as `«what stood there →
 * what stands there now»` within their line. judged.json says of each why no test has to notice it. Fails where fewer
 * than nine in ten are noticed, or where a survivor is not judged.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { environment, root, tool } from '../environment.mjs'

const BAR = 90

/** What is mutated: files of a package. */
const targets = [
  { name: 'gradients', folder: 'core', files: ['src/gradients/*.ts'] },
  { name: 'losses', folder: 'models', files: ['src/losses/*.ts', 'src/metrics/*.ts'] },
  { name: 'losses', folder: 'core', files: ['src/metrics/*.ts'] },
  { name: 'readers', folder: 'datasets', files: ['src/idx/*.ts'] },
  {
    name: 'readers',
    folder: 'storage',
    files: ['src/safetensors.ts', 'src/bounded-json.ts', 'src/sealed-json.ts', 'src/saved-model/*.ts'],
  },
]

const resultsFile = join(root, 'tools', 'mutants', 'results.json')
const wanted = process.argv.slice(2)
const results = JSON.parse(readFileSync(resultsFile, 'utf8'))
const judged = JSON.parse(readFileSync(join(root, 'tools', 'mutants', 'judged.json'), 'utf8'))

for (const { name, folder, files } of targets) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const cwd = join(root, 'packages', folder)
  const mutate = [...files, '!src/**/*.test.ts', '!src/testing/**'].join(',')
  const command = [tool('stryker'), 'run', join(root, 'tools', 'mutants', 'stryker.config.mjs')]
  const { status } = spawnSync(process.execPath, command, {
    cwd,
    env: { ...environment, MUTATE: mutate },
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`stryker failed for ${folder} with exit code ${status}`)
  const report = JSON.parse(readFileSync(join(cwd, 'test-output', 'mutants.json'), 'utf8'))
  for (const [file, { mutants, source }] of Object.entries(report.files)) {
    results[`packages/${folder}/${file}`] = summaryOf(mutants, source.split('\n'))
  }
  const sorted = Object.fromEntries(Object.entries(results).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(resultsFile, `${JSON.stringify(sorted, null, 2)}\n`)
}

let [noticed, all] = [0, 0]
const open = []
for (const [file, summary] of Object.entries(results)) {
  noticed += summary.noticed
  all += summary.mutants
  console.log(`${file}: ${summary.noticed} of ${summary.mutants}`)
  const known = new Set((judged[file] ?? []).map(({ mutant }) => mutant))
  open.push(...summary.survivors.filter((mutant) => !known.has(mutant)).map((mutant) => `${file}: ${mutant}`))
}
const percent = (100 * noticed) / all
console.log(`\n${noticed} of ${all} mutants are noticed, ${percent.toFixed(1)} %; the bar is ${BAR} %`)
if (open.length > 0) console.log(`Survivors that are not judged:\n${open.join('\n')}`)
process.exitCode = percent >= BAR && open.length === 0 ? 0 : 1

/** How many a file has, how many are noticed, and those that are not. */
function summaryOf(mutants, lines) {
  const counted = mutants.filter(({ status }) => status !== 'CompileError' && status !== 'Ignored')
  const survivors = counted.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
  return {
    mutants: counted.length,
    noticed: counted.length - survivors.length,
    survivors: survivors.map((mutant) => textOf(mutant, lines)),
  }
}

/** The line with the place that is changed, without its number, so that it stays when others are added above. */
function textOf({ location: { start, end }, replacement }, lines) {
  const line = lines[start.line - 1]
  const isOneLine = start.line === end.line
  const before = isOneLine ? line.slice(start.column - 1, end.column - 1) : `${line.slice(start.column - 1)} …`
  const after = isOneLine ? line.slice(end.column - 1) : ''
  return `${line.slice(0, start.column - 1)}«${before} → ${replacement.replaceAll(/\s+/g, ' ')}»${after}`.trim()
}
