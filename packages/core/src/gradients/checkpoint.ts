/**
 * Memory for time: values that gradients compute again, in place of keeping them from the forward pass on. Source: Chen
 * et al., Training deep nets with sublinear memory cost (2016).
 */
import type { Tensor } from '../tracing/tensor.js'
import { type Checkpoint, currentTrace, type Trace } from '../tracing/trace.js'

/**
 * The same function, of which gradients compute once more the values that they need: of what it computes, only what is
 * used outside of it is kept until then.
 *
 * Within another one it changes nothing: the outer one computes all again.
 *
 * @param compute makes tensors of tensors: a layer, or some time steps of a `scan`
 */
export function checkpoint<Args extends readonly unknown[], Result>(
  compute: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => currentTrace().checkpointed(() => compute(...args))
}

/** The values that the gradient rules of one `grad` see. */
export class Recomputed {
  readonly #trace: Trace
  /** By node, the checkpoint that it is of. */
  readonly #checkpointOf = new Map<number, Checkpoint>()
  /** By node of a checkpoint, the node that computes it again; itself where its value is kept. */
  readonly #again = new Map<number, Tensor>()

  /** @param end the node of the loss: later ones keep nothing */
  constructor(trace: Trace, end: number) {
    this.#trace = trace
    const { checkpoints } = trace
    const [begin] = checkpoints
    if (begin === undefined) return
    for (const checkpoint of checkpoints) {
      for (let index = checkpoint.first; index < checkpoint.end; index++) this.#checkpointOf.set(index, checkpoint)
    }
    for (let index = begin.first; index <= end; index++) {
      for (const input of trace.describe(trace.tensorAt(index)).inputs) {
        // Read elsewhere, a value is there anyway.
        if (this.checkpointOf(input) !== this.checkpointOf(index)) this.#again.set(input, trace.tensorAt(input))
      }
    }
  }

  /** The checkpoint that a node is of. */
  checkpointOf(index: number): Checkpoint | undefined {
    return this.#checkpointOf.get(index)
  }

  /** The value of a node, for its gradient. */
  of(index: number): Tensor {
    const checkpoint = this.checkpointOf(index)
    if (checkpoint && !this.#again.has(index)) {
      for (let each = checkpoint.first; each < checkpoint.end; each++) {
        if (!this.#again.has(each)) this.#again.set(each, this.#computedAgain(each))
      }
    }
    return this.#againOr(index)
  }

  #computedAgain(index: number): Tensor {
    const { inputs } = this.#trace.describe(this.#trace.tensorAt(index))
    // Leaves are there anyway.
    if (inputs.length === 0) return this.#trace.tensorAt(index)
    return this.#trace.again(
      index,
      inputs.map((input) => this.#againOr(input)),
    )
  }

  #againOr(index: number): Tensor {
    return this.#again.get(index) ?? this.#trace.tensorAt(index)
  }
}
