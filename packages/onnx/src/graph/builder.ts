/** Builds the nodes of an ONNX graph, one after the other. */
import { UserError, type Shape } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { permuteAxes, toLittleEndian, type NamedArray } from '@gradpool/storage'
import { bytesOf, type NumberType, type OnnxType, TYPE_NUMBERS } from './types.js'

/** The name of a value: of an input, of a weight, or of what a node makes. */
export type Ref = string

export interface TensorValue {
  readonly type: OnnxType
  readonly shape: Shape
  /** Little-endian elements, row-major. */
  readonly content: Uint8Array
}

export type Attribute = number | string | readonly number[] | TensorValue
export type Attributes = Readonly<Record<string, Attribute>>

export interface NodeDefinition {
  readonly name: string
  readonly op: string
  readonly inputs: readonly Ref[]
  readonly outputs: readonly Ref[]
  readonly attributes: Attributes
}

/** An input or output of the graph. A dimension that is a text is one of any length. */
export interface Endpoint {
  readonly name: string
  readonly type: OnnxType
  readonly shape: readonly (number | string)[]
}

export interface GraphDefinition {
  readonly inputs: readonly Endpoint[]
  readonly outputs: readonly Endpoint[]
  readonly nodes: readonly NodeDefinition[]
  readonly constants: ReadonlyMap<Ref, TensorValue>
}

/** A message of protocol buffers has at most 2 GiB; the graph around the weights takes some of it. */
const MOST_CONSTANT_BYTES = 2 ** 31 - 2 ** 24

export class GraphBuilder {
  readonly #inputs: Endpoint[] = []
  readonly #outputs: Endpoint[] = []
  readonly #nodes: NodeDefinition[] = []
  readonly #constants = new Map<Ref, TensorValue>()
  readonly #weights = new Map<Ref, NamedArray>()
  /** Constants by what they are. */
  readonly #shared = new Map<string, Ref>()
  readonly #taken = new Set<string>()

  input(endpoint: Endpoint): Ref {
    this.#inputs.push(endpoint)
    return this.#take(endpoint.name)
  }

  /** Makes a value an output. Its name is another one where an input has it. */
  output(ref: Ref, { name, type, shape }: Endpoint): void {
    const own = this.#take(name)
    this.#outputs.push({ name: own, type, shape })
    this.#nodes.push({ name: `Identity_${own}`, op: 'Identity', inputs: [ref], outputs: [own], attributes: {} })
  }

  /** Adds a node; its first output. */
  add(op: string, inputs: readonly Ref[], attributes: Attributes = {}): Ref {
    return this.outputsOf(op, 1, inputs, attributes)[0] ?? ''
  }

  /** Adds a node; its first outputs. */
  outputsOf(op: string, count: number, inputs: readonly Ref[], attributes: Attributes = {}): Ref[] {
    const name = `${op}_${this.#nodes.length}`
    const outputs = Array.from({ length: count }, (_, at) => this.#take(at === 0 ? name : `${name}_${at}`))
    this.#nodes.push({ name, op, inputs, outputs, attributes })
    return outputs
  }

  cast(ref: Ref, to: OnnxType): Ref {
    return this.add('Cast', [ref], { to: TYPE_NUMBERS[to] })
  }

  /** Axes in another order: of a weight its numbers, as runtimes want them as they are read. */
  transpose(ref: Ref, order: readonly number[]): Ref {
    if (order.every((axis, at) => axis === at)) return ref
    const weight = this.#weights.get(ref)
    if (weight === undefined) return this.add('Transpose', [ref], { perm: order })
    const name = `${ref}/${order.join('')}`
    return this.#shared.get(name) ?? this.#keep(name, this.weight(name, permuteAxes(weight, order)))
  }

  weight(name: string, array: NamedArray): Ref {
    const ref = this.#take(name)
    this.#weights.set(ref, array)
    this.#constants.set(ref, { type: 'float', shape: array.shape, content: toLittleEndian(array.values) })
    return ref
  }

  /** A constant; equal ones are one. A single number is a scalar. */
  constant(
    values: number | readonly number[],
    type: NumberType,
    shape: Shape = typeof values === 'number' ? [] : [values.length],
  ): Ref {
    const all = typeof values === 'number' ? new Array<number>(sizeOf(shape)).fill(values) : values
    // JSON has neither -0 nor infinities.
    const key = JSON.stringify([type, shape, all.map((value) => (Object.is(value, -0) ? '-0' : String(value)))])
    const known = this.#shared.get(key)
    if (known !== undefined) return known
    const ref = this.#take(`constant_${this.#shared.size}`)
    this.#constants.set(ref, { type, shape, content: bytesOf(type, all) })
    return this.#keep(key, ref)
  }

  /** The graph, without what no output needs. @throws UserError where its constants are too large for one file */
  build(): GraphDefinition {
    const needed = new Set(this.#outputs.map(({ name }) => name))
    const nodes = this.#nodes
      .toReversed()
      .filter(({ inputs, outputs }) => {
        const isNeeded = outputs.some((output) => needed.has(output))
        if (isNeeded) for (const input of inputs) needed.add(input)
        return isNeeded
      })
      .reverse()
      .map((node) => {
        const used = node.outputs.findLastIndex((output) => needed.has(output)) + 1
        return { ...node, outputs: node.outputs.slice(0, used) }
      })
    const constants = new Map([...this.#constants].filter(([name]) => needed.has(name)))
    const bytes = [...constants.values()].reduce((sum, { content }) => sum + content.length, 0)
    if (bytes > MOST_CONSTANT_BYTES) {
      throw new UserError(`an ONNX file has at most 2 GiB, and the weights of this model have ${bytes} bytes`)
    }
    return { inputs: this.#inputs, outputs: this.#outputs, nodes, constants }
  }

  #keep(key: string, ref: Ref): Ref {
    this.#shared.set(key, ref)
    return ref
  }

  /** The name, or one like it that is free. */
  #take(name: string): Ref {
    let own = name
    for (let count = 2; this.#taken.has(own); count++) own = `${name}_${count}`
    this.#taken.add(own)
    return own
  }
}
