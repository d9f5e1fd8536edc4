/**
 * Programs and packages that a tool needs and this machine lacks, reported in one sentence with the command that
 * installs them.
 */

/** The message says what is missing and how to install it. */
export class MissingRequirement extends Error {}

/** Shell commands that install a program, by `process.platform`. */
const commands = {
  python: {
    darwin: 'brew install python',
    linux: 'sudo apt-get install python3 python3-venv',
    win32: 'winget install Python.Python.3.13',
  },
  compiler: {
    darwin: 'xcode-select --install',
    linux: 'sudo apt-get install build-essential',
    win32: 'winget install Microsoft.VisualStudio.2022.BuildTools',
  },
}

/** @param program a key of `commands` */
export function installCommand(program, platform = process.platform) {
  return commands[program][platform] ?? commands[program].linux
}

/**
 * Runs an action and returns its result. If a requirement is missing, prints the sentence and ends the process with
 * exit code 1.
 */
export async function exitIfMissing(action) {
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof MissingRequirement)) throw error
    console.error(`error: ${error.message}`)
    return process.exit(1)
  }
}
