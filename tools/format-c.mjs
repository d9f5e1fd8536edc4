// clang-format over the kernels and the addon: `node tools/format-c.mjs` writes, `--check` fails where it would write.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, tool } from './environment.mjs'

const folders = ['packages/engine-cpu/kernels', 'packages/engine-cpu/native']

/** Not formatted yet: `--check` leaves them out. `npm run format:c` formats them all the same; then empty this list. */
const pending = [
  'check.c',
  'elementwise.c',
  'fingerprint.c',
  'hamming.c',
  'hamming.h',
  'kernels.h',
  'matmul.c',
  'matmul.h',
  'panel.c',
  'plan.h',
  'reduce.c',
  'run.c',
  'together.c',
  'vector.h',
  'addon.c',
]

const isCheck = process.argv.includes('--check')
const files = folders
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /\.[ch]$/.test(entry.name))
  .filter((entry) => !isCheck || !pending.includes(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
const options = isCheck ? ['--dry-run', '--Werror'] : ['-i']
const { status } = spawnSync(process.execPath, [tool('clang-format'), ...options, ...files], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = status ?? 1
