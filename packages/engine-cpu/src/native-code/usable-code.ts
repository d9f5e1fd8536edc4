/**
 * The native code that this process uses: of the folders that there are, the first whose code loads here and answers a
 * question as WebAssembly does, bit for bit. What does not is left out, with one warning that names the file and the
 * reason; nothing here throws.
 */
import { reasonAgainst } from './known-question.js'
import { type Addon, loadAddon } from '../native-kernels.js'
import { isMainThread } from 'node:worker_threads'
import { damageOf, filesIn, nativeFolders, type NativeFile } from './native-files.js'

export interface NativeProblem {
  readonly path: string
  /** A clause, such as `it does not load (file too short)`. */
  readonly reason: string
}

/** A file that this CPU runs. */
export interface UsableFile extends NativeFile {
  readonly addon: Addon
}

type Outcome = Addon | NativeProblem

export class UsableCode {
  readonly #folders: readonly string[]
  readonly #warn: (text: string) => void
  readonly #outcomes = new Map<string, Outcome>()
  /** Files that are left out, in the order in which they were found to be. */
  readonly problems: NativeProblem[] = []
  #usable: readonly NativeFile[] | undefined

  constructor(folders: readonly string[] = nativeFolders(), warn: (text: string) => void = emitWarning) {
    this.#folders = folders
    this.#warn = warn
  }

  /** The best that works; undefined where there is no native code that does. */
  best(): UsableFile | undefined {
    for (const file of this.#supported()) {
      const addon = this.#addonOf(file.path)
      if (addon !== undefined) return { ...file, addon }
    }
    return undefined
  }

  /** All that work, best first. */
  all(): UsableFile[] {
    return this.#supported().flatMap((file) => {
      const addon = this.#addonOf(file.path)
      return addon === undefined ? [] : [{ ...file, addon }]
    })
  }

  /** The one that every CPU runs. */
  portable(): Addon | undefined {
    const file = this.#supported().at(-1)
    return file && this.#addonOf(file.path)
  }

  /** The files for this CPU in the first folder whose portable code works. */
  #supported(): readonly NativeFile[] {
    if (this.#usable !== undefined) return this.#usable
    for (const folder of this.#folders) {
      const files = filesIn(folder)
      const last = files.at(-1)
      if (last === undefined) continue
      const portable = this.#outcomeOf(last.path)
      if ('reason' in portable) {
        this.problems.push(portable)
        continue
      }
      return (this.#usable = files.filter(({ instructionSet }) => portable.supports(instructionSet)))
    }
    const [problem] = this.problems
    if (problem !== undefined) {
      this.#warn(`${sentenceOf(problem)} WebAssembly is used instead: the same results, more slowly.`)
    }
    return (this.#usable = [])
  }

  #addonOf(path: string): Addon | undefined {
    const isNew = !this.#outcomes.has(path)
    const outcome = this.#outcomeOf(path)
    if (!('reason' in outcome)) return outcome
    if (isNew) {
      this.problems.push(outcome)
      this.#warn(`${sentenceOf(outcome)} What serves instead gives the same results, more slowly.`)
    }
    return undefined
  }

  #outcomeOf(path: string): Outcome {
    const outcome = this.#outcomes.get(path) ?? tried(path)
    this.#outcomes.set(path, outcome)
    return outcome
  }
}

export function sentenceOf({ path, reason }: NativeProblem): string {
  return `The native code ${path} is not used: ${reason}.`
}

function tried(path: string): Outcome {
  try {
    const damage = damageOf(path)
    if (damage !== undefined) return { path, reason: damage }
    const addon = loadAddon(path)
    const reason = reasonAgainst(addon)
    return reason === undefined ? addon : { path, reason }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const said = message.split('\n', 1).join('').replace(`${path}: `, '').trim()
    return { path, reason: `it does not load here (${said})` }
  }
}

/** The main thread has said it already when others come to it. */
function emitWarning(text: string): void {
  if (isMainThread) process.emitWarning(text, { code: 'GRADPOOL_NATIVE' })
}

let shared: UsableCode | undefined

/** That of this thread. It is looked for when first asked for. */
export function usableCode(): UsableCode {
  return (shared ??= new UsableCode())
}
