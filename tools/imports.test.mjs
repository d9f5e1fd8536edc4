// Every tool can be loaded: what it imports exists. Benchmarks are rarely run, and JavaScript has no compiler that says
// so.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { root } from './environment.mjs'

/** Packages of others are not bundled; ours are, from their builds. */
const others = {
  name: 'others',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[^./]/ }, ({ path }) =>
      /^(@gradpool\/|gradpool\b)/.test(path) ? undefined : { external: true, path },
    ),
}

test('every import of a tool names a file, and an export of it', { timeout: 60_000 }, async () => {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.mjs'], {
    cwd: root,
    encoding: 'utf8',
  })
  const files = listed.split('\n').filter((path) => path.startsWith('tools/') && existsSync(join(root, path)))
  expect(files.length).toBeGreaterThan(100)
  const { errors } = await build({
    absWorkingDir: root,
    entryPoints: files.map((path) => `./${path}`),
    bundle: true,
    splitting: true,
    write: false,
    outdir: 'dist',
    platform: 'node',
    format: 'esm',
    target: 'esnext',
    logLevel: 'silent',
    plugins: [others],
  }).catch((error) => error)
  expect(errors.map(({ text, location }) => `${location?.file}:${location?.line} ${text}`)).toEqual([])
})
