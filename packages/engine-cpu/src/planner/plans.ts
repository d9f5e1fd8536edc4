/**
 * The plans of an engine, made once for each Program: a plan has no place and no data, so executions of one Program, as
 * of several seeds, share it. It goes with the Program.
 */
import type { DType } from '@gradpool/core'
import type { Program } from '@gradpool/core/engine'
import { Plan, type PlanOptions } from './plan.js'

/** What else determines a plan. */
export interface PlanFor {
  readonly batchSize: number
  readonly isShared: boolean
  readonly dtypeOf: (field: string) => DType
}

export class Plans {
  readonly #matmulScratch: PlanOptions['matmulScratch']
  readonly #made = new WeakMap<Program, Map<string, Plan>>()

  constructor(matmulScratch: PlanOptions['matmulScratch']) {
    this.#matmulScratch = matmulScratch
  }

  /** @throws UserError for an op that the engine does not have */
  of(program: Program, { batchSize, isShared, dtypeOf }: PlanFor): Plan {
    const dtypes = program.fields.map(({ name }) => dtypeOf(name))
    const key = `${batchSize} ${String(isShared)} ${dtypes.join()}`
    const made = this.#made.get(program) ?? new Map<string, Plan>()
    this.#made.set(program, made)
    const before = made.get(key)
    if (before) return before
    const plan = new Plan(program, { batchSize, isShared, dtypeOf, matmulScratch: this.#matmulScratch })
    made.set(key, plan)
    return plan
  }
}
