/**
 * Recurrent layers, by PyTorch's definitions: `[batch, time, features]` to `[batch, hidden]`, the last state, or to
 * `[batch, time, hidden]`, the states of all time steps.
 *
 * The gates of a weight lie side by side along its last axis. The products of input and weight are made for all time
 * steps at once, before the loop.
 */
import {
  add,
  concat,
  constant,
  type InitializerLike,
  layer,
  matmul,
  type Module,
  mul,
  type Parameter,
  parameter,
  relu,
  reshape,
  scan,
  type ScanOptions,
  sigmoid,
  slice,
  sub,
  tanh,
  type Tensor,
  type Tensors,
  UserError,
  zeros,
} from '@gradpool/core'
import { initializerFor } from '@gradpool/core/engine'
import { checkWidth } from '../widths.js'

export interface RecurrentOptions {
  /** The state after the last time step, or that after each. Default: 'last'. */
  readonly returns?: 'last' | 'sequence'
  /** Of the input, for each gate. Default: glorotUniform. */
  readonly weight?: InitializerLike
  /** Of the state, for each gate. Default: glorotUniform. */
  readonly stateWeight?: InitializerLike
  /** Default: zeros. */
  readonly bias?: InitializerLike
}

export interface SequenceOptions<State extends Tensors = Tensor> extends ScanOptions {
  /** The state before the first step. Default: zeros. */
  readonly initial?: State
}

/** What a recurrent layer makes of a sequence. */
export interface Scanned<State extends Tensors = Tensor> {
  /** After the last time step, with all that it has; a later sequence may begin from it, as `initial`. */
  readonly state: State
  /** Of all time steps, [batch, time, hidden]. */
  readonly outputs: Tensor
}

/** A bound recurrent layer: a function of a sequence, with its parameters; `scan` returns all that it makes. */
export type Recurrent<State extends Tensors = Tensor, Names extends string = 'weight' | 'stateWeight' | 'bias'> = ((
  x: Tensor,
  options?: SequenceOptions<State>,
) => Tensor) & {
  readonly scan: (x: Tensor, options?: SequenceOptions<State>) => Scanned<State>
} & Readonly<Record<Names, Tensor>>

export interface RnnOptions extends RecurrentOptions {
  /** Default: 'tanh'. */
  readonly activation?: 'tanh' | 'relu'
}

/**
 * A simple recurrent layer: h' = tanh(x · weight + bias + h · stateWeight). Source: Elman (1990).
 *
 * Parameters: `weight` [features, hidden], `stateWeight` [hidden, hidden], `bias` [hidden], the sum of PyTorch's two.
 *
 * @throws UserError for widths that are not whole numbers of at least 1
 */
export function rnn(features: number, hidden: number, options: RnnOptions = {}): Module<Recurrent> {
  const apply = options.activation === 'relu' ? relu : tanh
  return layer(parametersOf('rnn', features, hidden, 1, options), (own) =>
    returning(
      options,
      (h: Tensor) => h,
      (x, { initial = zeroState(x, hidden), ...loop }) => {
        const inputs = projected('rnn', x, own, ['input'])
        return scan(
          (h: Tensor, { input }) => {
            const next = apply(add(matmul(h, own.stateWeight), input))
            return { state: next, output: next }
          },
          initial,
          inputs,
          loop,
        )
      },
    ),
  )
}

/**
 * Gated recurrent units. Source: Cho et al. (2014), with the reset gate after the product, as in PyTorch:
 *
 * r = σ(x · weight + bias + h · stateWeight), z alike; n = tanh(x · weight + bias + r ∘ (h · stateWeight + stateBias));
 * h' = n + z ∘ (h - n).
 *
 * Parameters, whose gates are r, z, n: `weight` [features, 3 · hidden], `stateWeight` [hidden, 3 · hidden], `bias` [3 ·
 * hidden], and `stateBias` [hidden] of n. PyTorch's second bias of r and z is part of `bias`.
 *
 * @throws UserError for widths that are not whole numbers of at least 1
 */
export function gru(
  features: number,
  hidden: number,
  options: RecurrentOptions = {},
): Module<Recurrent<Tensor, 'weight' | 'stateWeight' | 'bias' | 'stateBias'>> {
  const gates = ['reset', 'update', 'candidate'] as const
  const params = {
    ...parametersOf('gru', features, hidden, gates.length, options),
    stateBias: parameter([hidden], options.bias ?? zeros),
  }
  return layer(params, (own) =>
    returning(
      options,
      (h: Tensor) => h,
      (x, { initial = zeroState(x, hidden), ...loop }) => {
        const inputs = projected('gru', x, own, gates)
        const weights = gatesOf(own.stateWeight, gates)
        return scan(
          (h: Tensor, input) => {
            const reset = sigmoid(add(matmul(h, weights.reset), input.reset))
            const update = sigmoid(add(matmul(h, weights.update), input.update))
            const inner = add(matmul(h, weights.candidate), own.stateBias)
            const candidate = tanh(add(input.candidate, mul(reset, inner)))
            const next = add(candidate, mul(update, sub(h, candidate)))
            return { state: next, output: next }
          },
          initial,
          inputs,
          loop,
        )
      },
    ),
  )
}

/** The state of an LSTM; its output is `hidden`. */
export type LstmState = Readonly<Record<'hidden' | 'cell', Tensor>>

/**
 * Long short-term memory. Source: Hochreiter & Schmidhuber (1997), with the forget gate of Gers et al. (2000):
 *
 * i = σ(x · weight + bias + h · stateWeight), f and o alike; g = tanh(…) of the same; c' = f ∘ c + i ∘ g; h' = o ∘
 * tanh(c').
 *
 * Parameters, whose gates are i, f, g, o: `weight` [features, 4 · hidden], `stateWeight` [hidden, 4 · hidden], `bias`
 * [4 · hidden], the sum of PyTorch's two.
 *
 * @throws UserError for widths that are not whole numbers of at least 1
 */
export function lstm(features: number, hidden: number, options: RecurrentOptions = {}): Module<Recurrent<LstmState>> {
  const gates = ['input', 'forget', 'candidate', 'output'] as const
  const params = parametersOf('lstm', features, hidden, gates.length, options)
  return layer(params, (own) =>
    returning<LstmState>(
      options,
      ({ hidden }) => hidden,
      (x, sequence) => {
        const nothing = zeroState(x, hidden)
        const { initial = { hidden: nothing, cell: nothing }, ...loop } = sequence
        const inputs = projected('lstm', x, own, gates)
        const weights = gatesOf(own.stateWeight, gates)
        return scan(
          ({ hidden: h, cell: c }: LstmState, x) => {
            const gate = (name: keyof typeof weights) => add(matmul(h, weights[name]), x[name])
            const written = mul(sigmoid(gate('input')), tanh(gate('candidate')))
            const cell = add(mul(sigmoid(gate('forget')), c), written)
            const output = mul(sigmoid(gate('output')), tanh(cell))
            return { state: { hidden: output, cell }, output }
          },
          initial,
          inputs,
          loop,
        )
      },
    ),
  )
}

/** A function that returns what the options say, and `scan`, which returns all. @param hiddenOf of a state */
function returning<State extends Tensors>(
  { returns = 'last' }: RecurrentOptions,
  hiddenOf: (state: State) => Tensor,
  run: (x: Tensor, options: SequenceOptions<State>) => Scanned<State>,
): Recurrent<State, never> {
  const scan = (x: Tensor, options: SequenceOptions<State> = {}) => run(x, options)
  const apply = (x: Tensor, options?: SequenceOptions<State>): Tensor => {
    const { state, outputs } = scan(x, options)
    return returns === 'sequence' ? outputs : hiddenOf(state)
  }
  return Object.assign(apply, { scan })
}

/**
 * A recurrent layer from the first time step to the last, and another of the same make from the last to the first:
 * their results side by side, [..., 2 · hidden]. With `lengths`, the second begins at the last step that counts.
 * The last state of each is that of `both.forward.scan(x)` and of `both.backward.scan(x, { reverse: true })`. Source:
 * Schuster & Paliwal (1997).
 *
 * Parameters: those of the layer, under `forward` and `backward`.
 */
export function bidirectional<Bound extends (x: Tensor, options?: ScanOptions) => Tensor>(
  recurrent: Module<Bound>,
): Module<((x: Tensor, options?: ScanOptions) => Tensor) & Readonly<Record<'forward' | 'backward', Bound>>> {
  return layer({ forward: recurrent, backward: recurrent }, (own) => (x: Tensor, options: ScanOptions = {}) => {
    const reverse = options.reverse !== true
    return concat([own.forward(x, options), own.backward(x, { ...options, reverse })], -1)
  })
}

function parametersOf(
  name: string,
  features: number,
  hidden: number,
  numGates: number,
  options: RecurrentOptions,
): Record<'weight' | 'stateWeight' | 'bias', Parameter> {
  checkWidth(`${name}: features`, features)
  checkWidth(`${name}: hidden`, hidden)
  const { weight = 'glorotUniform', stateWeight = 'glorotUniform', bias = zeros } = options
  const width = numGates * hidden
  return {
    // Each gate is a weight of its own.
    weight: parameter([features, width], initializerFor(weight, [features, hidden]), ['in', 'out']),
    stateWeight: parameter([hidden, width], initializerFor(stateWeight, [hidden, hidden]), ['in', 'out']),
    bias: parameter([width], bias),
  }
}

/** x · weight + bias at all time steps, [batch, time, hidden] of each gate. */
function projected<Gate extends string>(
  name: string,
  x: Tensor,
  own: Readonly<Record<'weight' | 'bias', Tensor>>,
  gates: readonly Gate[],
): Readonly<Record<Gate, Tensor>> {
  const [batch, time, features] = x.shape
  const expected = own.weight.shape[0] ?? 0
  if (x.rank !== 3 || batch === undefined || time === undefined || features !== expected) {
    throw new UserError(`${name}: x must be [batch, time, ${expected}], not ${x.toString()}`)
  }
  const rows = reshape(x, [batch * time, expected])
  const [weights, biases] = [gatesOf(own.weight, gates), gatesOf(own.bias, gates)]
  const ofGate = (gate: Gate) => reshape(add(matmul(rows, weights[gate]), biases[gate]), [batch, time, -1])
  return byGate(gates, ofGate)
}

/** The blocks of a weight, along its last axis. */
function gatesOf<Gate extends string>(weight: Tensor, gates: readonly Gate[]): Readonly<Record<Gate, Tensor>> {
  const width = (weight.shape.at(-1) ?? 0) / gates.length
  const before = weight.shape.slice(0, -1)
  const first = before.map(() => 0)
  return byGate(gates, (_, i) => slice(weight, [...first, i * width], [...before, width]))
}

function byGate<Gate extends string>(
  gates: readonly Gate[],
  make: (gate: Gate, index: number) => Tensor,
): Readonly<Record<Gate, Tensor>> {
  // Each gate is a name of the record, which the compiler does not follow.
  return Object.fromEntries(gates.map((gate, i) => [gate, make(gate, i)])) as Record<Gate, Tensor>
}

function zeroState(x: Tensor, hidden: number): Tensor {
  return constant(0, [x.shape[0] ?? 1, hidden])
}
