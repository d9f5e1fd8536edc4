// The rules of eslint.config.mjs in a third of the time: those that go by types are oxlint's part, by TypeScript 7, all
// others ESLint's. In `npm run test:lint`, which runs weekly, ESLint checks them all, since oxlint lacks one.
//
//   node tools/lint/run.mjs
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import config from '../../eslint.config.mjs'
import { environment, root, tool } from '../environment.mjs'
import { forOxlint } from './typed.mjs'

// Patterns are of the folder that it is in.
writeFileSync(join(root, '.oxlintrc.json'), `${JSON.stringify(forOxlint(config), undefined, 2)}\n`)

const steps = [
  [tool('eslint'), '--config', 'tools/lint/eslint.config.mjs', '.'],
  [tool('oxlint'), '--type-aware', '--disable-nested-config', '--threads=1', '.'],
]
for (const args of steps) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, env: environment, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
