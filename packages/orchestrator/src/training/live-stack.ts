/**
 * A stack of trainings that is compiled: it runs a span for all of them, and gives each its part of what comes out.
 *
 * Between spans each member's own execution has the states and the position, so that a member can leave at any time.
 */
import {
  Stack,
  type BatchProgram,
  type CompileOptions,
  type Engine,
  type Execution,
  type Progress,
  type ChunkResult,
} from '@gradpool/core'
import type { Pass, StagePlan } from '@gradpool/experiments'

/** What all members have in common. */
interface StackedPrograms {
  readonly stack: Stack
  readonly training: BatchProgram
  readonly validation: BatchProgram | undefined
}

/** Undefined where the trainings or the validations of these stages cannot be stacked. */
function stackedPrograms(plans: readonly StagePlan[]): StackedPrograms | undefined {
  const stack = Stack.of(plans.map(({ training }) => training.program))
  if (stack === undefined) return undefined
  const { training } = stack
  const validations = plans.flatMap(({ validation }) => validation?.program ?? [])
  if (validations.length === 0) return { stack, training, validation: undefined }
  const validation = stack.evaluation(validations)
  return validation && { stack, training, validation }
}

export class LiveStack {
  readonly training: Execution
  readonly validation: Execution | undefined
  readonly #stack: Stack

  private constructor(stack: Stack, training: Execution, validation: Execution | undefined) {
    this.#stack = stack
    this.training = training
    this.validation = validation
  }

  /** @throws UserError where they do not stack, or the engine lacks the memory */
  static async compile(
    engine: Pick<Engine, 'compile'>,
    plans: readonly StagePlan[],
    members: readonly Execution[],
  ): Promise<LiveStack | undefined> {
    const programs = stackedPrograms(plans)
    const [plan] = plans
    if (programs === undefined || plan === undefined) return undefined
    const { seed, orderSeed = seed } = plan
    const compile = (
      program: BatchProgram,
      { data }: Pass,
      more: Pick<CompileOptions, 'state' | 'shareStateOf'>,
    ) => engine.compile(program, { data, seed, orderSeed, ...more })
    const state = programs.stack.join(members.map((member) => member.read()))
    const training = await compile(programs.training, plan.training, { state })
    if (programs.validation === undefined || plan.validation === undefined) {
      return new LiveStack(programs.stack, training, undefined)
    }
    try {
      const shared = { shareStateOf: training }
      const validation = await compile(programs.validation, plan.validation, shared)
      return new LiveStack(programs.stack, training, validation)
    } catch (error) {
      training.dispose()
      throw error
    }
  }

  /** Takes the members' states over. */
  load(members: readonly Execution[]): void {
    this.training.write(this.#stack.join(members.map((member) => member.read())))
  }

  /** Stands where all members stand. */
  seek(execution: Execution, members: readonly Execution[]): void {
    const positions = members.map((member) => member.position())
    const [first] = positions
    if (first === undefined) return
    const sums = Object.keys(first.sums).map((name) => {
      const own = positions.map((position) => position.sums[name] ?? new Float64Array())
      return [name, Float64Array.from(own.flatMap((each) => [...each]))] as const
    })
    execution.seek({ ...first, sums: Object.fromEntries(sums) })
  }

  /** Gives each member its states, and where it stands. */
  unload(members: readonly Execution[]): void {
    const position = this.training.position()
    const states = this.training.read()
    for (const [replica, member] of members.entries()) {
      const hasStepped = position.step > member.step
      const { lastLoss } = member.position()
      member.write(this.#stack.take(states, replica))
      member.seek({
        ...position,
        sums: this.#partsOf(position.sums, replica),
        // A loss that is not finite ends the span before it counts.
        lastLoss: hasStepped ? (this.progressOf(replica).last.loss ?? NaN) : lastLoss,
      })
    }
  }

  /** One member's part of a result. */
  resultOf(result: ChunkResult, replica: number, lastLoss: number): ChunkResult {
    return { ...result, means: this.#partsOf(result.means, replica), lastLoss }
  }

  /** Of the training, as one member sees it. */
  progressOf(replica: number): Progress {
    const { step, results: all } = this.training.progress()
    const results = Object.entries(all).map(
      ([name, values]) => [name, this.#partOf(values, replica)] as const,
    )
    const last = results.flatMap(([name, [value, ...others]]) =>
      value === undefined || others.length > 0 ? [] : [[name, value] as const],
    )
    return { step, last: Object.fromEntries(last), results: Object.fromEntries(results) }
  }

  #partsOf(
    all: Readonly<Record<string, Float64Array>>,
    replica: number,
  ): Record<string, Float64Array> {
    const parts = Object.entries(all).map(
      ([name, values]) => [name, this.#partOf(values, replica)] as const,
    )
    return Object.fromEntries(parts)
  }

  #partOf<Values extends Float32Array | Float64Array>(values: Values, replica: number): Values {
    const size = values.length / this.#stack.numReplicas
    return values.slice(replica * size, (replica + 1) * size) as Values
  }

  dispose(): void {
    this.validation?.dispose()
    this.training.dispose()
  }
}
