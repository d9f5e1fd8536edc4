/**
 * Programs that only these tests use: installed once, from the registry that npm is configured with, into the cache.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
import { cacheFolder } from '@gradpool/storage'
import { fetchedFolder, NotToBeHad } from '../servers/fetched.js'
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
 * @throws NotToBeHad
 */
export function fetched(program: Program): Promise<string> {
  return fetchedFolder(wanted(program), async (draft) => {
    const manifest = { private: true, dependencies: { [program]: VERSIONS[program] }, overrides: INSTEAD[program] }
    await writeFile(join(draft, 'package.json'), JSON.stringify(manifest))
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    await output(npm('install', ...options), { cwd: draft })
  }).catch((error: unknown) => {
    throw absent(program, String(error))
  })
}

const wanted = (program: Program) => `${program}@${VERSIONS[program]}`

export function absent(program: Program, why: string): Error {
  const folder = join(cacheFolder(), 'test-packages', wanted(program))
  const command = `npm install --ignore-scripts --prefix ${folder} ${wanted(program)}`
  // Of all that npm says, what is neither a code nor where its log is.
  const [reason = why] = why.split('\n').filter((line) => /^npm error (?!code |A complete log)/.test(line))
  return new NotToBeHad(program, command, reason)
}

/** Has Vitest skip the test that asks for a program where that is not to be had. */
export function orSkip<T>(asked: Promise<T>, { skip }: TestContext): Promise<T> {
  return asked.catch((error: unknown) => {
    if (error instanceof NotToBeHad) return skip(error.message)
    throw error
  })
}
