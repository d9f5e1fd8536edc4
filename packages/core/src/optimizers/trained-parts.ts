/** Which parameters of a model an optimizer trains, and by which rule. */
import { UserError } from '../errors.js'
import type { Clip } from './clipping.js'
import { isRule, matchesPath, type GroupOptimizer, type Groups } from './groups.js'
import { plateauOf, ruleOf, type SingleOptimizer } from './kinds.js'
import { REDUCTIONS } from './options.js'
import type { Plateau } from '../training/schedules.js'
import type { UpdateRule } from './update-rule.js'

export interface TrainedPart {
  /** The pattern of a group; undefined where one optimizer trains all. */
  readonly pattern: string | undefined
  /** Undefined for parameters that stay as they are. */
  readonly rule: UpdateRule | undefined
  /** Bounds the gradients of these parameters. */
  readonly clip: Clip | undefined
  /** The schedule of its learning rate, if that goes by a plateau. */
  readonly plateau?: Plateau | undefined
}

/** A learning rate that is reduced between epochs. */
export interface PlateauState {
  /** Counts the reductions; no step changes it. */
  readonly state: string
  /** A reduction follows so many epochs in which nothing has become better. */
  readonly patience: number
  /** By less than this, nothing has. */
  readonly minDelta: number
}

/** The state that parameters share, of a group where there are several. */
export function sharedState(name: string, { pattern }: Pick<TrainedPart, 'pattern'>): string {
  return pattern === undefined ? `optimizer/${name}` : `optimizer/${name}/${pattern}`
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
      return { pattern, rule: ruleOf(trained, totalSteps), clip: trained.clip, plateau: plateauOf(trained) }
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

  /** The learning rates that go by a plateau. */
  get plateaus(): readonly PlateauState[] {
    return this.#parts.flatMap((part) => {
      if (part.plateau === undefined) return []
      const { patience = 10, minDelta = 0 } = part.plateau
      return [{ state: sharedState(REDUCTIONS, part), patience, minDelta }]
    })
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
