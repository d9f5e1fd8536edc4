/**
 * Programs that only these tests use: installed once, from the registry that npm is configured with, into the cache.
 */
import { cacheFolder } from '@gradpool/storage'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'vitest'
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

/** That a program is not to be had here, and the command that would install it. */
class Absent extends Error {}

/**
 * The folder that a program is installed in.
 *
 * @throws Absent
 */
export async function fetched(program: Program): Promise<string> {
  const folder = folderOf(program)
  if (existsSync(folder)) return folder
  await install(program, folder).catch((error: unknown) => {
    throw absent(program, String(error))
  })
  return folder
}

const wanted = (program: Program) => `${program}@${VERSIONS[program]}`
const folderOf = (program: Program) => join(cacheFolder(), 'test-packages', wanted(program))

export function absent(program: Program, why: string): Error {
  const command = `npm install --ignore-scripts --prefix ${folderOf(program)} ${wanted(program)}`
  // Of all that npm says, what is neither a code nor where its log is.
  const [reason = why] = why.split('\n').filter((line) => /^npm error (?!code |A complete log)/.test(line))
  return new Absent(`${program} is not here; \`${command}\` installs it (${reason})`)
}

/** Has Vitest skip the test that asks for a program where that is not to be had. */
export function orSkip<T>(asked: Promise<T>, { skip }: TestContext): Promise<T> {
  return asked.catch((error: unknown) => {
    if (error instanceof Absent) return skip(error.message)
    throw error
  })
}

async function install(program: Program, folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true })
  const draft = await mkdtemp(`${folder}-`)
  try {
    const manifest = { private: true, dependencies: { [program]: VERSIONS[program] }, overrides: INSTEAD[program] }
    await writeFile(join(draft, 'package.json'), JSON.stringify(manifest))
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    await output(npm('install', ...options), { cwd: draft })
    await rename(draft, folder).catch((error: unknown) => {
      // Of another process, which was faster.
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
