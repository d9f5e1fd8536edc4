/**
 * Modules: descriptions of parameters, and of what to do with them once they are tensors.
 *
 * A tree of parameters, buffers and modules (objects and arrays nest freely) is bound once per trace: each leaf becomes
 * a state named by its path, `encoder.0.weight`, and each module becomes what its `bind` makes of its own leaves, most
 * often a function. A module is only a description: named twice in a tree, it is two sets of parameters; to share
 * parameters, use what it is bound to twice.
 */
import type { Shape } from '../program/dtype.js'
import { UserError } from '../errors.js'
import { beginningOf, MAX_OWN_NAME_LENGTH, nameProblem } from '../program/limits.js'
import { FROZEN, type Frozen } from '../optimizers/groups.js'
import { initializerFor, type Initializer, type InitializerLike } from '../random/initializers.js'
import { Tensor, type TensorLike } from '../tracing/tensor.js'
import { currentTrace, userError, type Trace } from '../tracing/trace.js'

/**
 * What an axis of a weight runs over: the taps of a window, the features that are weighted, or those that are made.
 * Other libraries have the same axes in other orders.
 */
export type WeightAxis = 'window' | 'in' | 'out'

interface Leaf<Kind extends string> {
  readonly kind: Kind
  readonly shape: Shape
  readonly initializer: Initializer
  /** Of a weight whose axes lie in another order in other libraries. */
  readonly axes?: readonly WeightAxis[]
}

/** A tensor that training changes by its gradient. */
export type Parameter = Leaf<'parameter'>

/** A tensor that lives from step to step and has no gradient; see `assign`. */
export type Buffer = Leaf<'buffer'>

/** Parameters with a meaning: bound, they become a `Bound`. */
export interface Module<out Bound> {
  readonly kind: 'module'
  readonly params: Params
  readonly bind: (scope: Scope) => Bound
}

/** A tree of parameters. The key `kind` is taken. */
export type Params = Parameter | Buffer | Module<unknown> | readonly Params[] | { readonly [name: string]: Params }

/** What a tree of parameters is bound to: tensors, and what its modules make of theirs. */
export type BoundOf<P> = P extends Parameter | Buffer
  ? Tensor
  : P extends Module<infer Bound>
    ? Bound
    : { readonly [Key in keyof P]: BoundOf<P[Key]> }

/**
 * A trained tensor of this shape; the initializer may be named, as `heNormal`. `axes` says what they are of a weight
 * that other libraries order otherwise, so that it can be read from their files.
 */
export const parameter = leaf('parameter')

/** A tensor of this shape that only `assign` changes. */
export const buffer = leaf('buffer')

function leaf<Kind extends string>(kind: Kind) {
  return (shape: Shape, initializer: InitializerLike, axes?: readonly WeightAxis[]): Leaf<Kind> =>
    Object.freeze({ kind, shape, initializer: initializerFor(initializer, shape), ...(axes && { axes }) })
}

/** The parameters and buffers of a tree by the names that their states have. */
export function leavesOf(params: Params, path = ''): ReadonlyMap<string, Parameter | Buffer> {
  if (isLeaf(params)) return new Map([[path, params]])
  if (isModule(params)) return leavesOf(params.params, path)
  const children: readonly (readonly [string, Params])[] = Object.entries(params)
  return new Map(children.flatMap(([name, child]) => [...leavesOf(child, path === '' ? name : `${path}.${name}`)]))
}

/**
 * A module with these parameters.
 *
 * @param bind called once per trace with the bound parameters and the place of the module in the tree
 */
export function module<const P extends Params, Bound>(
  params: P,
  bind: (bound: BoundOf<P>, scope: Scope) => Bound,
): Module<Bound> {
  return moduleOf(params, (scope) => bind(scope.bind(params), scope))
}

function moduleOf<Bound>(params: Params, bind: (scope: Scope) => Bound): Module<Bound> {
  return Object.freeze({ kind: 'module', params, bind })
}

/**
 * A function that carries the bound parameters it works with: `hidden(x)`, `hidden.weight`; those of a list by index.
 */
export type WithParameters<Apply, P> = Apply & {
  readonly [Key in ParameterKeys<P>]: BoundOf<P[Key]>
}

type ParameterKeys<P> = P extends readonly unknown[]
  ? number extends P['length']
    ? number & keyof P
    : Extract<keyof P, `${number}`>
  : keyof P

/**
 * A module that is bound to a function with its parameters as properties, so that a step can read them: for a decay of
 * `hidden.weight`, for a norm of its gradient, to use it twice.
 *
 * @param bind as that of `module`
 */
export function layer<const P extends Params, Apply extends (...x: never[]) => unknown>(
  params: P,
  bind: (bound: BoundOf<P>, scope: Scope) => Apply,
): Module<WithParameters<Apply, P>> {
  return moduleOf(params, (scope) => {
    // Unknown for a moment: the compiler goes without end into what a tree may be bound to.
    const bound: unknown = scope.bind(params)
    const apply = bind(bound as BoundOf<P>, scope)
    const called = Object.assign((...x: never[]) => scope.returns(apply(...x)), apply)
    return withParameters<Apply, P>(called, params, bound)
  })
}

function withParameters<Apply, P extends Params>(apply: object, params: P, bound: unknown): WithParameters<Apply, P> {
  // A tree of parameters is bound to an object or a list with the same keys.
  const values = bound as Readonly<Record<string, unknown>>
  for (const name of Object.keys(params)) {
    Object.defineProperty(apply, name, { value: values[name], enumerable: true })
  }
  // It calls `Apply` and has these properties now, which the compiler does not see.
  return apply as WithParameters<Apply, P>
}

/** Of a group of parameters, in place of an optimizer: no gradient is computed for them, and nothing is kept. */
export function frozen(): Frozen
/**
 * The same parameters, not trained: no gradient is computed for them, the optimizer keeps nothing for them, and the
 * modules among them behave as in evaluation.
 */
export function frozen<const P extends Params>(params: P): Module<BoundOf<P>>
export function frozen<P extends Params>(params?: P): Frozen | Module<BoundOf<P>> {
  return params === undefined ? FROZEN : moduleOf(params, (scope) => scope.frozen().bind(params))
}

/** A bound parameter. */
export interface NamedTensor {
  readonly name: string
  readonly tensor: Tensor
  /** The state of its name, where that is an average of what is trained. */
  readonly average?: Tensor
}

/** The state that is trained where a parameter's own is the average. */
export function rawState(name: string): string {
  return `optimizer/raw/${name}`
}

/** What binding a tree of parameters in a trace leaves besides what it returns. */
export class Binding {
  /** Parameters to be trained, in the order of the tree. */
  readonly trainable: NamedTensor[] = []
  /** @internal What each `layer` returned last, by its path. */
  readonly outputs = new Map<string, Shape>()
  #assigns = false
  /** Buffers by their tensors; false for those of a frozen part, whose value stays. */
  readonly #buffers = new Map<Tensor, { readonly name: string; readonly changes: boolean }>()

  /** @param isAveraged of which parameters the states are averages: what is trained is a state beside them */
  constructor(
    readonly trace: Trace,
    readonly training: boolean,
    readonly isAveraged: (name: string) => boolean = () => false,
  ) {
    bindings.set(trace, this)
  }

  /** Whether a step gives a buffer its next value. */
  get assigns(): boolean {
    return this.#assigns
  }

  bind<P extends Params>(params: P): BoundOf<P> {
    return new Scope(this, '', true).bind(params)
  }

  /** @internal */
  leaf(leaf: Parameter | Buffer, name: string, trainable: boolean): Tensor {
    const tensor = this.trace.state(name, leaf.shape, leaf.initializer)
    if (leaf.kind === 'buffer') this.#buffers.set(tensor, { name, changes: trainable })
    else if (trainable && this.isAveraged(name)) return this.#raw(name, tensor)
    else if (trainable) this.trainable.push({ name, tensor })
    return tensor
  }

  #raw(name: string, average: Tensor): Tensor {
    const tensor = this.trace.state(rawState(name), average.shape, { kind: 'sameAs', state: name })
    this.trainable.push({ name, tensor, average })
    return tensor
  }

  /** @internal */
  assign(target: Tensor, value: TensorLike): void {
    const state = this.#buffers.get(target)
    if (state === undefined) throw userError('assign: the first operand is not a buffer of this model')
    if (!this.training || !state.changes) return
    this.trace.update(state.name, value)
    this.#assigns = true
  }
}

const bindings = new WeakMap<Trace, Binding>()

/** Where in a tree of parameters a module is bound. */
export class Scope {
  readonly #binding: Binding
  readonly #trainable: boolean

  /** @internal */
  constructor(
    binding: Binding,
    /** `encoder.0`; empty at the root. */
    readonly path: string,
    trainable: boolean,
  ) {
    this.#binding = binding
    this.#trainable = trainable
  }

  /** Whether the module is being trained: false in evaluation and in a frozen part. */
  get training(): boolean {
    return this.#binding.training && this.#trainable
  }

  /** @internal Notes what the layer at this place returns. */
  returns<Value>(value: Value): Value {
    if (value instanceof Tensor) this.#binding.outputs.set(this.path, value.shape)
    return value
  }

  /** @internal */
  frozen(): Scope {
    return new Scope(this.#binding, this.path, false)
  }

  /** @internal Binds a tree at this place. */
  bind<P extends Params>(params: P): BoundOf<P> {
    // The type says what the three cases below do, which the compiler cannot follow.
    return this.#bindTree(params) as BoundOf<P>
  }

  #bindTree(params: Params): unknown {
    if (isLeaf(params)) return this.#binding.leaf(params, this.path, this.#trainable)
    if (isModule(params)) return params.bind(this)
    if (isList(params)) return params.map((child, index) => this.#child(String(index)).#bindTree(child))
    return Object.fromEntries(Object.entries(params).map(([name, child]) => [name, this.#child(name).#bindTree(child)]))
  }

  #child(name: string): Scope {
    const problem = nameProblem(name, MAX_OWN_NAME_LENGTH)
    if (problem !== undefined) throw new UserError(`a parameter "${beginningOf(name)}" ${problem}`)
    if (!/^[^./\s]+$/.test(name)) {
      throw new UserError(`a parameter cannot be named "${name}": names have no dots, slashes or spaces`)
    }
    const path = this.path === '' ? name : `${this.path}.${name}`
    return new Scope(this.#binding, path, this.#trainable)
  }
}

function isLeaf(params: Params): params is Parameter | Buffer {
  return 'kind' in params && (params.kind === 'parameter' || params.kind === 'buffer')
}

function isModule(params: Params): params is Module<unknown> {
  return 'kind' in params && params.kind === 'module'
}

function isList(params: Params): params is readonly Params[] {
  return Array.isArray(params)
}

/**
 * Gives a buffer its next value, which the next step sees. In evaluation and in a frozen part it keeps its value.
 *
 * @param target a tensor that a `buffer` was bound to
 * @throws UserError where `target` is not a buffer, or is assigned twice in a step
 */
export function assign(target: Tensor, value: TensorLike): void {
  currentBinding().assign(target, value)
}

/** Whether the model is traced for training, and not for evaluation or prediction. */
export function isTraining(): boolean {
  return currentBinding().training
}

function currentBinding(): Binding {
  const binding = bindings.get(currentTrace())
  if (binding === undefined) throw userError('no model is bound in this trace')
  return binding
}
