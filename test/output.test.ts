// What is printed off a terminal: the report's log lines, the table, the digits; no control characters.
import { expect, test } from 'vitest'
import { controlCharacter } from './control-character.js'
import { dataFolder } from './data-folder.js'
import { emptyFolder, gradpool } from './gradpool.js'
import { documentOf } from './run-document.js'

const small = async () => ['--data', await dataFolder(), '--out', await emptyFolder()]

test('one experiment is logged in the very form of the report', async () => {
  const args = ['run', 'mnist_auto_1', '--epochs', '4', '--workers', '1', ...(await small())]
  const { code, stdout, stderr } = await gradpool(args)
  expect(code).toBe(0)
  expect(stderr).toBe('')
  expect(stdout).not.toMatch(controlCharacter)
  const lines = stdout.trimEnd().split('\n')
  const number = String.raw`-?\d+\.\d{3}`
  const epoch = (at: number) =>
    new RegExp(`^ {2}Epoch ${at}: cost=${number}, accuracy=${number}/${number} \\(\\d+/\\d+ secs\\)$`)
  const expected = [
    /^Engine auto takes (native|wasm): /,
    /^Model mnist_auto_1 autoencode started:$/,
    epoch(2),
    epoch(4),
    /^Model mnist_auto_1 autoencode ended in \d+ secs:$/,
    /^Model mnist_auto_1 train started:$/,
    epoch(2),
    epoch(4),
    /^Model mnist_auto_1 train ended in \d+ secs:$/,
    /^Model mnist_auto_1 test report: accuracy = \d\.\d{3}, \(\d+ secs\)$/,
    /^$/,
    /^Model mnist_auto_1 Visualization$/,
  ]
  expected.forEach((pattern, at) => expect(lines[at]).toMatch(pattern))
  const last = [
    /^$/,
    /^experiment +조건 \(condition\) +report +ours +seconds$/,
    /^─/,
    /^mnist_auto_1 +확장 인코더를 이용한 엠니스트 분류 +0\.746 +\d\.\d{3} +\d+\.\d$/,
    /^1 experiment done in /,
    /^Report: \S+report\.html$/,
  ]
  last.forEach((pattern, at) => expect(lines.at(at - last.length)).toMatch(pattern))
  expect(stdout).toMatch(/→/)
  expect(stdout).toMatch(/[▀▄█]/)
  expect(stdout).toMatch(/^정답 \[\d \d \d\] vs\. 추정 \[\d \d \d\]$/m)
})

test('with several at once every epoch tells whose it is, and a shared stage is told of once', async () => {
  const args = ['run', 'mnist_auto_1', 'mnist_auto_fix', '--epochs', '1', '--workers', '2']
  const { code, stdout } = await gradpool([...args, ...(await small())])
  expect(code).toBe(0)
  expect(stdout).not.toMatch(controlCharacter)
  expect(stdout.match(/autoencode started:/g)).toHaveLength(1)
  expect(stdout).toContain('Model mnist_auto_fix autoencode shared with mnist_auto_1')
  expect(stdout).toMatch(/^ {2}mnist_auto_1 autoencode Epoch 1: cost=/m)
  expect(stdout).toMatch(/^ {2}mnist_auto_fix train Epoch 1: cost=/m)
  expect(stdout.match(/share one autoencode stage;/g)).toHaveLength(1)
})

test('several seeds become mean and spread', async () => {
  const args = ['run', 'mnist_mlp_1p', '--epochs', '1', '--seed', '0..2', '--quiet']
  const { code, stdout } = await gradpool([...args, ...(await small())])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^mnist_mlp_1p .* 0\.684 +\d\.\d{3} ± \d\.\d{3} +\d+\.\d$/m)
})

test('--quiet prints the table only, and says nothing else', async () => {
  const args = ['run', 'mnist_mlp_1p', '--epochs', '1', '--quiet', ...(await small())]
  const { stdout, stderr } = await gradpool(args)
  expect(stderr).toBe('')
  expect(stdout.trimEnd().split('\n')).toHaveLength(3)
})

test('with --json stdout is the document; the log is on stderr, or nowhere if --quiet', async () => {
  const args = ['run', 'mnist_mlp_1p', '--epochs', '1', '--json', ...(await small())]
  const told = await gradpool(args)
  expect(documentOf(told).experiments).toHaveLength(1)
  expect(told.stderr).toContain('Model mnist_mlp_1p train started:')
  expect(told.stderr).not.toMatch(controlCharacter)
  const silent = await gradpool([...args, '--quiet'])
  expect(documentOf(silent).experiments).toHaveLength(1)
  expect(silent.stderr).toBe('')
})

test('FORCE_COLOR does not bring control characters into a pipe', async () => {
  const args = ['run', 'mnist_mlp_1p', '--epochs', '1', ...(await small())]
  const { stdout, stderr } = await gradpool(args, { env: { FORCE_COLOR: '1' } })
  expect(stdout + stderr).not.toMatch(controlCharacter)
})
