// clang-format over the kernels and the addon: `node tools/format-c.mjs` writes, `--check` fails where it would write.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from '@wasm-fmt/clang-format'
import { root } from './environment.mjs'

const folders = ['packages/engine-cpu/kernels', 'packages/engine-cpu/native', 'tools/bench/products']

const style = readFileSync(join(root, '.clang-format'), 'utf8')
const isCheck = process.argv.includes('--check')
const entries = folders.flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
for (const entry of entries.filter(({ name }) => /\.[ch]$/.test(name))) {
  const path = join(entry.parentPath, entry.name)
  const source = readFileSync(path, 'utf8')
  const formatted = format(source, path, style)
  if (formatted === source) continue
  if (isCheck) {
    console.error(`${path} is not formatted: run \`npm run format:c\``)
    process.exitCode = 1
  } else writeFileSync(path, formatted)
}
