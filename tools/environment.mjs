// Where the repository is, and the environment its tools run in: Nx without daemon, cloud or sockets, and the same
// whatever NODE_ENV the caller has.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const inherited = { ...process.env }
delete inherited.NODE_ENV

export const environment = {
  ...inherited,
  NX_DAEMON: 'false',
  NX_ISOLATE_PLUGINS: 'false',
  NX_NO_CLOUD: 'true',
  NX_TUI: 'false',
  // Of this clone alone: what another clone ran proves nothing here.
  NX_CACHE_DIRECTORY: join(root, '.nx', 'cache'),
}

/** The entry file of an installed tool, to be run with this Node: no shell and no PATH is involved. */
const entries = {
  eslint: 'eslint/bin/eslint.js',
  nx: 'nx/dist/bin/nx.js',
  prettier: 'prettier/bin/prettier.cjs',
  knip: 'knip/bin/knip.js',
  remark: 'remark-cli/cli.js',
  oxfmt: 'oxfmt/bin/oxfmt',
  oxlint: 'oxlint/bin/oxlint',
  // ESLint, Nx and our tests are programs on TypeScript 6, which 7 has no library for yet; it compiles five times as
  // fast.
  tsc: 'typescript-7/bin/tsc',
  stryker: '@stryker-mutator/core/bin/stryker.js',
  vitest: 'vitest/vitest.mjs',
}

export function tool(name) {
  return join(root, 'node_modules', entries[name])
}
