/**
 * Stages that train as a stack: alike but for their seeds or learning rates, on the same batches, on one thread.
 *
 * Each stage trains as if it were alone and asks for its spans here. When all have asked, those that are behind go first; as
 * soon as all stand at one step, one span of the stack does for all. A stage that asks for something else, such as its
 * test, runs it alone and does not come back. A span in which a loss is not finite is gone on with one by one, so that it
 * fails for the stage whose loss it is; and where a thread ends, each goes on from its own checkpoint, alone.
 */
import type { Engine, Progress, ChunkResult } from '@gradpool/core'
import type { StagePlan } from '@gradpool/experiments'
import { WorkerDied, type SpanPool } from '../scheduling/pool.js'
import type { Claim, ThreadBudget } from '../scheduling/thread-budget.js'
import { LiveStack } from './live-stack.js'
import { messageOf } from './stage-errors.js'
import { runTogether, type Span } from './team.js'
import { watchSteps } from './watch-steps.js'

export interface StageStackOptions {
  readonly engine: Pick<Engine, 'compile'>
  readonly pool: SpanPool
  readonly budget: ThreadBudget
  readonly stallSeconds: number
  /** Alike, in the order of the replicas. */
  readonly plans: readonly StagePlan[]
  /** Told of stages when they first run as one. */
  readonly onStacked: (plans: readonly StagePlan[]) => void
}

/** What became of spans: they are done, or these are to be run by the stage alone. */
export type StackedOutcome =
  | { readonly kind: 'done'; readonly results: readonly ChunkResult[] }
  | { readonly kind: 'alone'; readonly spans: readonly Span[] }

/** A stage's place in a stack. */
export interface StackMember {
  /**
   * @param begin Called when the spans run, with what ends them within a step; returns what is called when they have ended. Not
   *   called for spans that are to be run alone.
   * @throws WorkerDied when the thread ended; what the spans have written is worth nothing then
   */
  run(spans: readonly Span[], begin: (stop: () => void) => () => void): Promise<StackedOutcome>
  /** Takes back what was asked for and does not run yet; its `run` throws the reason. */
  withdraw(reason: Error): void
  /** Undefined where the stage's own execution knows better. */
  progress(): Progress | undefined
  /** Does not ask for anything any more. */
  leave(): void
}

interface Request {
  readonly spans: readonly Span[]
  readonly begin: (stop: () => void) => () => void
  readonly resolve: (outcome: StackedOutcome) => void
  readonly reject: (error: Error) => void
}

interface Member {
  readonly plan: StagePlan
  request?: Request
  /** What its part of the stack came to. */
  progress?: () => Progress
  /** The stack has its states. */
  isLoaded: boolean
}

/** A member whose request is to train on from where the others of its round stand. */
interface Ready {
  readonly member: Member
  readonly request: Request
  /** Where it stands. */
  readonly step: number
  readonly training: Span
  readonly validation: Span | undefined
  /** Equal for members that can run as one. */
  readonly key: string
}

export class StageStack {
  readonly #options: StageStackOptions
  readonly #members: Set<Member>
  readonly #claim: Claim = { most: 1, work: () => 0, giveBack: () => undefined }
  #isRunning = false
  #live: { readonly stack: LiveStack; readonly members: readonly Member[] } | undefined

  constructor(options: StageStackOptions) {
    this.#options = options
    this.#members = new Set(options.plans.map((plan) => ({ plan, isLoaded: false })))
    options.budget.enter(this.#claim)
  }

  member(plan: StagePlan): StackMember | undefined {
    const member = [...this.#members].find((each) => each.plan === plan)
    return (
      member && {
        run: (spans, begin) =>
          new Promise((resolve, reject) => {
            member.request = { spans, begin, resolve, reject }
            this.#look()
          }),
        withdraw: (reason) => {
          const { request } = member
          delete member.request
          request?.reject(reason)
        },
        progress: () => member.progress?.(),
        leave: () => {
          this.#leave(member)
          this.#look()
        },
      }
    )
  }

  #leave(member: Member): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return
    this.#options.budget.leave(this.#claim)
    this.#dispose()
  }

  /** Begins a round if all have asked. */
  #look(): void {
    if (this.#isRunning) return
    const ready: Ready[] = []
    for (const member of this.#members) {
      const { request } = member
      const each = request && readyOf(member, request)
      if (each) ready.push(each)
      else if (request) {
        this.#runAlone(member, request.spans)
        this.#leave(member)
      }
    }
    if (ready.length < this.#members.size) return
    const [first, ...others] = ready.toSorted((a, b) => a.step - b.step)
    if (first === undefined) return
    const round = [first, ...others.filter(({ key }) => key === first.key)]
    if (round.length === 1) {
      this.#runAlone(first.member, first.request.spans)
      return
    }
    this.#isRunning = true
    void this.#round(round).finally(() => {
      this.#isRunning = false
      this.#look()
    })
  }

  #runAlone(member: Member, spans: readonly Span[]): void {
    const { request } = member
    delete member.request
    delete member.progress
    member.isLoaded = false
    request?.resolve({ kind: 'alone', spans })
  }

  /** Never rejects. */
  async #round(round: readonly Ready[]): Promise<void> {
    const { budget } = this.#options
    let live: LiveStack
    let spans: readonly Span[]
    try {
      live = await this.#loaded(round)
      spans = spansOf(live, round)
    } catch {
      // No memory for the stack is no reason to fail: each has its own.
      for (const { member, request } of round) {
        this.#runAlone(member, request.spans)
        this.#leave(member)
      }
      return
    }
    await budget.take(this.#claim)
    try {
      // Some may have been stopped meanwhile; the others are still asking.
      if (round.some(({ member, request }) => member.request !== request)) return
      await this.#run(live, spans, round)
    } finally {
      budget.give(this.#claim)
    }
  }

  async #run(live: LiveStack, spans: readonly Span[], round: readonly Ready[]): Promise<void> {
    const { pool, stallSeconds } = this.#options
    const executions = round.map(({ training }) => training.execution)
    const stalled = new AbortController()
    const running = runTogether(pool, spans, 1, stalled.signal)
    const stop = () => {
      for (const { execution } of spans) execution.stop()
    }
    const ends = round.map(({ member, request }, replica) => {
      delete member.request
      member.progress = () => live.progressOf(replica)
      return request.begin(stop)
    })
    const all = spans.map(({ execution }) => execution)
    ends.push(watchSteps(all, stallSeconds, stalled))
    try {
      const results = await running
      live.unload(executions)
      this.#tell(live, round, results)
    } catch (error) {
      // A thread that had to be ended may still write there.
      if (stalled.signal.aborted) this.#live = undefined
      for (const { member, request } of round) {
        member.isLoaded = false
        delete member.progress
        request.reject(endOf(error))
      }
    } finally {
      for (const end of ends) end()
    }
  }

  /** Each has its part, or goes on alone where a loss is not finite. */
  #tell(live: LiveStack, round: readonly Ready[], results: readonly ChunkResult[]): void {
    const isFinite = results.every(({ status }) => status !== 'notFinite')
    for (const [replica, { member, request, step, training, validation }] of round.entries()) {
      const { execution, steps } = training
      if (isFinite) {
        const progress = live.progressOf(replica)
        member.progress = () => progress
        const { lastLoss } = execution.position()
        const own = results.map((result) => live.resultOf(result, replica, lastLoss))
        request.resolve({ kind: 'done', results: own })
      } else {
        member.isLoaded = false
        delete member.progress
        const rest = { execution, steps: steps - (execution.step - step), continues: true }
        request.resolve({ kind: 'alone', spans: validation ? [rest, validation] : [rest] })
      }
    }
  }

  /** The stack of these, with their states. */
  async #loaded(round: readonly Ready[]): Promise<LiveStack> {
    const members = round.map(({ member }) => member)
    const executions = round.map(({ training }) => training.execution)
    const isSame =
      this.#live?.members.length === members.length &&
      this.#live.members.every((each, i) => each === members[i])
    if (this.#live && isSame) {
      if (members.some(({ isLoaded }) => !isLoaded)) this.#live.stack.load(executions)
    } else {
      this.#dispose()
      const plans = members.map(({ plan }) => plan)
      const stack = await LiveStack.compile(this.#options.engine, plans, executions)
      if (stack === undefined) throw new Error('these stages do not stack')
      this.#live = { stack, members }
      this.#options.onStacked(plans)
    }
    for (const member of members) member.isLoaded = true
    return this.#live.stack
  }

  #dispose(): void {
    this.#live?.stack.dispose()
    this.#live = undefined
  }
}

/** Undefined for spans that are no training, with or without its validation. */
function readyOf(member: Member, request: Request): Ready | undefined {
  const { plan } = member
  const [training, validation] = request.spans
  if (training?.execution.program !== plan.training.program) return undefined
  if (validation?.execution.program !== plan.validation?.program) return undefined
  const { step, since } = training.execution.position()
  const { steps, continues } = training
  const key = [step, continues && since, steps, validation?.execution.step].join()
  return { member, request, step, training, validation, key }
}

/** What the stack does for all of a round. */
function spansOf(live: LiveStack, round: readonly Ready[]): Span[] {
  const [first] = round
  if (first === undefined) return []
  live.seek(
    live.training,
    round.map(({ training }) => training.execution),
  )
  const training = { ...first.training, execution: live.training }
  const { validation } = live
  if (validation === undefined || first.validation === undefined) return [training]
  live.seek(
    validation,
    round.flatMap((each) => each.validation?.execution ?? []),
  )
  return [training, { ...first.validation, execution: validation }]
}

/** Whatever ended the stack may be one member's fault, so each may try again, alone. */
function endOf(error: unknown): WorkerDied {
  return error instanceof WorkerDied
    ? error
    : new WorkerDied(`its stack failed (${messageOf(error)})`, { cause: error })
}
