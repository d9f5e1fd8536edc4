/**
 * The part of an engine that all have in common: compiling into executions, states that executions
 * share, disposal. An engine extends it with its states and its backend.
 */
import { UserError } from '../errors.js'
import type { Program } from '../program/program.js'
import { drawStates } from '../random/initial-state.js'
import { fillHere, type Fill } from '../random/initializers.js'
import type { BatchProgram } from '../training/batch-program.js'
import type { Backend, ExecutionHost, States } from './backend.js'
import type { Allocate } from './dataset.js'
import type { CompileOptions, Engine, Execution } from './engine.js'
import { BaseExecution } from './execution.js'

export abstract class BaseEngine<S extends States> implements Engine, ExecutionHost<S> {
  abstract readonly name: string
  abstract readonly description: string
  abstract readonly numerics: string
  abstract readonly workerModule: string
  abstract readonly allocate: Allocate
  /** Draws the states that a training begins with; where kernels do, to the same bits. */
  readonly fill: Fill = fillHere
  readonly live = new Map<Execution, S>()

  /** @throws UserError when there is no memory */
  abstract createStates(program: Program): S

  abstract prepare(program: BatchProgram, options: CompileOptions, states: S): Backend

  compile(program: BatchProgram, options: CompileOptions): Promise<Execution> {
    return new Promise((resolve) => {
      resolve(new BaseExecution(this, program, options))
    })
  }

  dispose(): Promise<void> {
    for (const execution of this.live.keys()) execution.dispose()
    return Promise.resolve()
  }

  statesOf({ program }: BatchProgram, { seed, state = {}, shareStateOf }: CompileOptions): S {
    if (shareStateOf) {
      if (!(shareStateOf instanceof BaseExecution) || shareStateOf.host !== this) {
        throw new UserError('states are shared between executions of one engine only')
      }
      const shared = this.live.get(shareStateOf)
      if (shared === undefined) throw new UserError('this execution was disposed')
      // A subclass gives out states of its own kind.
      return shared.shareWith(program) as S
    }
    const states = this.createStates(program)
    try {
      states.write(state)
      drawStates(states.views, program, seed, state, this.fill)
    } catch (error) {
      states.release()
      throw error
    }
    return states
  }
}
