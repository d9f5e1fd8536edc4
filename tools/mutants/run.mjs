/**
 * `npm run test:mutants`: whether the suites notice mistakes in the sources whose results nobody would doubt.
 *
 *     npm run test:mutants -- [gradients] [losses] [readers] [packages/core/src/metrics/confusion.ts …]
 *
 * Stryker changes the sources, one operator, number, condition, call or statement at a time, and runs the tests that
 * cover the place, until one fails. A mutant that no test notices has survived: results.json lists those within their
 * line, as `«what stood there → what stands there now»`. judged.json says of each why no test has to notice it. Fails
 * where fewer than nine in ten of a group are noticed, or where a survivor is not judged.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dirname, relative } from 'node:path/posix'
import { environment, root, tool } from '../environment.mjs'

const BAR = 90

/** Sources of a package, and the tests that may notice what is wrong in them: those of units, each of them quick. */
const targets = [
  {
    name: 'gradients',
    folder: 'core',
    files: ['src/gradients/*.ts'],
    tests: ['src/gradients/*.test.ts', 'src/ops/ops.test.ts'],
  },
  {
    name: 'losses',
    folder: 'models',
    files: ['src/losses/*.ts', 'src/metrics/*.ts'],
    tests: ['src/losses/*.test.ts', 'src/metrics/*.test.ts'],
  },
  { name: 'losses', folder: 'core', files: ['src/metrics/*.ts'], tests: ['src/metrics/*.test.ts'] },
  { name: 'readers', folder: 'datasets', files: ['src/idx/*.ts'], tests: ['src/idx/*.test.ts'] },
  {
    name: 'readers',
    folder: 'storage',
    files: ['src/safetensors.ts', 'src/bounded-json.ts', 'src/sealed-json.ts', 'src/saved-model/*.ts'],
    tests: [
      'src/safetensors.test.ts',
      'src/*-json.test.ts',
      'src/saved-model/{check-content,decode,saved-model}.test.ts',
    ],
  },
]

const resultsFile = join(root, 'tools', 'mutants', 'results.json')
const wanted = process.argv.slice(2)
const judged = readJson(join(root, 'tools', 'mutants', 'judged.json'))

for (const { name, folder, files, tests } of targets) {
  const inPackage = wanted.map((path) => relative(`packages/${folder}`, path))
  const named = inPackage.filter((path) => files.some((each) => dirname(each) === dirname(path)))
  const isWhole = wanted.length === 0 || wanted.includes(name)
  if (!isWhole && named.length === 0) continue
  const cwd = join(root, 'packages', folder)
  const mutate = [...(isWhole ? files : named), '!src/**/*.test.ts']
  const command = [tool('stryker'), 'run', join(root, 'tools', 'mutants', 'stryker.config.mjs')]
  const { status } = spawnSync(process.execPath, command, {
    cwd,
    env: { ...environment, MUTATE: mutate.join(' '), MUTATION_TESTS: tests.join(' ') },
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`stryker failed for ${folder} with exit code ${status}`)
  const report = readJson(join(cwd, 'test-output', 'mutants.json'))
  const results = readJson(resultsFile)
  for (const [file, { mutants, source }] of Object.entries(report.files)) {
    results[`packages/${folder}/${file}`] = { group: name, ...summaryOf(mutants, source.split('\n')) }
  }
  const there = Object.entries(results).filter(([file]) => existsSync(join(root, file)))
  const sorted = Object.fromEntries(there.sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(resultsFile, `${JSON.stringify(sorted, null, 2)}\n`)
}

const groups = new Map()
const open = []
for (const [file, { group, mutants, noticed, survivors }] of Object.entries(readJson(resultsFile))) {
  const sofar = groups.get(group) ?? { mutants: 0, noticed: 0 }
  groups.set(group, { mutants: sofar.mutants + mutants, noticed: sofar.noticed + noticed })
  console.log(`${file}: ${noticed} of ${mutants}`)
  const known = new Set((judged[file] ?? []).map(({ mutant }) => mutant))
  open.push(...survivors.filter((mutant) => !known.has(mutant)).map((mutant) => `${file}: ${mutant}`))
}
let isMet = open.length === 0
for (const [group, { mutants, noticed }] of groups) {
  const percent = (100 * noticed) / mutants
  console.log(`${group}: ${noticed} of ${mutants} mutants are noticed, ${percent.toFixed(1)} %; the bar is ${BAR} %`)
  isMet &&= percent >= BAR
}
if (open.length > 0) console.log(`Survivors that are not judged:\n${open.join('\n')}`)
process.exitCode = isMet ? 0 : 1

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

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
