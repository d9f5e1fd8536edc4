// What gets to a terminal: nothing cut where it has no size, and no commands that a name or a path brings along.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { controlCharacter } from './control-character.js'
import { dataFolder } from './data-folder.js'
import { emptyFolder, gradpool } from './gradpool.js'

const installed = createRequire(import.meta.url).resolve('gradpool/package.json')
const command = join(dirname(installed), 'bin', 'gradpool.js')
const hasScript = spawnSync('script', ['--version']).status === 0

test.runIf(hasScript)('a pseudo-terminal without a size cuts no names', () => {
  const line = `stty rows 0 cols 0; ${process.execPath} ${command} list`
  const { stdout } = spawnSync('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', TERM: 'xterm' },
  })
  expect(stdout).toContain('autoencode 784-64-10-64-784, then classify 10-10-10 with the encoder fine-tuned')
})

test('a hostile condition is written out in text, and kept in JSON', async () => {
  const hostile = '\u001b[2J\u009b1m\u202ecba'
  const out = await emptyFolder()
  const args = ['run', 'mnist_mlp_1p', '--epochs', '1', '--data', await dataFolder(), '--out', out]
  const ran = await gradpool([...args, '--set', `condition=${hostile}`, '--lang', 'en'])
  expect(ran.code).toBe(0)
  expect(ran.stdout).not.toMatch(controlCharacter)
  expect(ran.stdout).toContain('\\u001b[2J\\u009b1m\\u202ecba')
  expect(ran.stdout).toMatch(/ {2}Epoch 1: loss=/)
  expect(ran.stdout).toMatch(/^truth \[\d \d \d\] vs\. estimate \[\d \d \d\]$/m)
  expect(ran.stdout).not.toMatch(/\p{Script=Hangul}/u)
  const shown = await gradpool(['show', '--runs', out, '--json'])
  expect(JSON.parse(shown.stdout)).toMatchObject({ experiments: [{ condition: hostile }] })
  const refused = await gradpool(['run', hostile, '--out', out])
  expect(refused.stderr).toContain('\\u001b[2J')
  expect(refused.stderr.trimEnd()).not.toMatch(controlCharacter)
})
