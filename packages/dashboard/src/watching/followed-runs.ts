/** The runs that somebody looks at, each followed once, however many look. */
import type { Followed } from '../api.js'
import { FollowedRun, type RunListener } from './followed-run.js'

export class FollowedRuns {
  readonly #canResume: boolean
  readonly #open = new Map<string, { readonly run: Promise<FollowedRun>; users: number }>()

  constructor(canResume: boolean) {
    this.#canResume = canResume
  }

  /** How many are followed now. */
  get size(): number {
    return this.#open.size
  }

  /**
   * @returns the run, and what ends that it is followed
   * @throws UserError for a run that is not there, or damaged
   */
  async follow(
    directory: string,
    listener: RunListener,
  ): Promise<{ readonly run: FollowedRun; readonly end: () => void }> {
    const opened = this.#open.get(directory) ?? { run: FollowedRun.open(directory, this.#canResume), users: 0 }
    this.#open.set(directory, opened)
    opened.users++
    const leave = () => {
      opened.users--
      if (opened.users === 0) this.#open.delete(directory)
    }
    try {
      const run = await opened.run
      const stop = run.listen(listener)
      return {
        run,
        end() {
          stop()
          leave()
        },
      }
    } catch (error) {
      leave()
      throw error
    }
  }

  /** As it is now. @throws UserError for a run that is not there, or damaged */
  async read(directory: string): Promise<Followed> {
    const opened = this.#open.get(directory)
    const run = await (opened?.run ?? FollowedRun.open(directory, this.#canResume))
    if (opened !== undefined) await run.look()
    return run.told
  }
}
