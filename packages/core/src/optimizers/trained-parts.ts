/** Which parameters of a model an optimizer trains, and by which rule. */
import { UserError } from '../errors.js'
import type { Clip } from './clipping.js'
import { isRule, matchesPath, type GroupOptimizer, type Groups } from './groups.js'
import { ruleOf, type SingleOptimizer } from './kinds.js'
import type { UpdateRule } from './update-rule.js'

export interface TrainedPart {
  /** The pattern of a group; undefined where one optimizer trains all. */
  readonly pattern: string | undefined
  /** Undefined for parameters that stay as they are. */
  readonly rule: UpdateRule | undefined
  /** Bounds the gradients of these parameters. */
  readonly clip: Clip | undefined
}

/** What trains a model, part by part. */
export class TrainedParts {
  readonly #parts: readonly TrainedPart[]

  /**
   * @param totalSteps where a schedule without an end ends
   * @throws UserError for an optimizer of an unknown kind
   */
  constructor(optimizer: SingleOptimizer | Groups | UpdateRule, totalSteps: number | undefined) {
    const part = (trained: GroupOptimizer, pattern?: string): TrainedPart => {
      if (isRule(trained)) return { pattern, rule: trained, clip: undefined }
      if (trained.kind === 'frozen') return { pattern, rule: undefined, clip: undefined }
      return { pattern, rule: ruleOf(trained, totalSteps), clip: trained.clip }
    }
    this.#parts =
      'kind' in optimizer && optimizer.kind === 'groups'
        ? Object.entries(optimizer.groups).map(([pattern, trained]) => part(trained, pattern))
        : [part(optimizer)]
  }

  /**
   * The part that a parameter is in: the first that matches its path.
   *
   * @throws UserError where none does
   */
  of(path: string): TrainedPart {
    const found = this.#parts.find(({ pattern }) => pattern === undefined || matchesPath(pattern, path))
    if (found !== undefined) return found
    throw new UserError(`groups: no pattern matches the parameter "${path}"; add one, or '*': frozen()`)
  }

  /** @throws UserError for a group that none of these parameters is in */
  checkAllUsed(paths: readonly string[]): void {
    const used = new Set(paths.map((path) => this.of(path)))
    const unused = this.#parts.find((part) => !used.has(part))?.pattern
    if (unused === undefined) return
    const taken = paths.find((path) => matchesPath(unused, path))
    const by = taken === undefined ? undefined : this.of(taken).pattern
    throw new UserError(
      by === undefined
        ? `groups: the pattern '${unused}' matches no parameter that is trained; there are ${listed(paths)}`
        : `groups: the pattern '${unused}' comes too late: its parameters are in groups before it, as '${by}'`,
    )
  }
}

function listed(paths: readonly string[]): string {
  const most = 8
  return paths.length > most ? `${paths.slice(0, most).join(', ')}, …` : paths.join(', ')
}
