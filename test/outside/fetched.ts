/**
 * Programs that only these tests use: installed once, from the registry that npm is configured with, into the cache.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fetchedFolder } from '../servers/fetched.js'
import { npm, output } from './run.js'

/** Of each program, the one version that these tests were made with. */
const VERSIONS = {
  '@arethetypeswrong/cli': '0.18.5',
  '@yarnpkg/cli-dist': '4.18.1',
  bun: '1.4.5',
  deno: '2.9.6',
  pnpm: '10.34.9',
  verdaccio: '6.8.0',
} as const

export type Program = keyof typeof VERSIONS

/** Instead of versions that a program asks for by a tag, which not every registry has. */
const INSTEAD: Readonly<Partial<Record<Program, Readonly<Record<string, string>>>>> = {
  verdaccio: { 'node-fetch': '^2.7.0' },
}

/**
 * The folder that a program is installed in.
 *
 * @throws Error where it is not to be had
 */
export function fetched(program: Program): Promise<string> {
  return fetchedFolder(`${program}@${VERSIONS[program]}`, async (draft) => {
    const manifest = { private: true, dependencies: { [program]: VERSIONS[program] }, overrides: INSTEAD[program] }
    await writeFile(join(draft, 'package.json'), JSON.stringify(manifest))
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    await output(npm('install', ...options), { cwd: draft })
  })
}
