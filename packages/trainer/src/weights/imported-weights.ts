/** Weights of another library, and how they become the states of a model. */
import { UserError, type Buffer, type Parameter, type Params } from '@gradpool/core'
import { leavesOf, sameShape, sizeOf, type StateValues } from '@gradpool/core/engine'
import { permuteAxes, type NamedArray } from '@gradpool/storage'
import { type Layout, type LayoutName, layouts } from './layouts.js'
import { kerasModules } from './keras-modules.js'
import { equalPart, pytorchModules } from './pytorch-modules.js'
import type { SourceTensor as Tensor, Tensors } from './source-tensor.js'

export interface ImportOptions {
  /**
   * Whose names and order of axes the tensors have: dense and convolutional weights are transposed, and the names of
   * norms translated. Default: those of Gradpool.
   */
  readonly from?: LayoutName
  /**
   * From names in the file to names in the model, both paths with dots; a key stands for the tensor of this name and
   * for all below it: `{ conv1: 'first', 'model.fc': 'output' }`. The longest key that fits counts, and an empty key
   * stands for all. A list of names cuts a tensor into equal parts along its first axis in the file.
   */
  readonly rename?: Readonly<Record<string, string | readonly string[]>>
  /**
   * For dense layers whose input is a flattened image: its `[channels, ...spatial]` in the library, which has channels
   * first: `{ hidden: [64, 7, 7] }`. Here channels are last, and the rows of the weight are put in that order.
   */
  readonly flattened?: Readonly<Record<string, readonly number[]>>
  /** Parameters that are not in the file keep the values they begin with. Default: they are refused. */
  readonly partial?: boolean
}

interface MatchedStates {
  /** By name. */
  readonly states: StateValues
  /** Names in the file of tensors that belong to no parameter. */
  readonly unused: readonly string[]
}

/** Tensors of a file, renamed; which layer they belong to is known when there is a model. */
export class ImportedWeights {
  readonly #tensors: ReadonlyMap<string, Tensor>
  readonly #options: ImportOptions
  /** What the file is called in messages. */
  readonly #where: string

  /** @throws UserError for an option that fits nothing in the file */
  constructor(tensors: ReadonlyMap<string, NamedArray>, where: string, options: ImportOptions) {
    const { from } = options
    if (from !== undefined && !Object.hasOwn(layouts, from)) {
      throw new UserError(`from must be one of ${Object.keys(layouts).join(', ')}, not ${JSON.stringify(from)}`)
    }
    const named = withDots(tensors, where)
    const modules = from === 'pytorch' ? pytorchModules(named) : from === 'keras' ? kerasModules(named) : named
    this.#tensors = renamed(modules, where, options.rename ?? {})
    this.#options = options
    this.#where = where
  }

  /**
   * @internal The states of a model with these parameters.
   * @throws UserError where the file has no tensor for a parameter, or one of another shape
   */
  match(params: Params): MatchedStates {
    const { from, partial = false, flattened = {} } = this.#options
    const layout: Layout | undefined = from && layouts[from]
    const leaves = leavesOf(params)
    const unknown = Object.keys(flattened).find((path) => !leaves.has(`${path}.weight`))
    if (unknown !== undefined) throw new UserError(`flattened: the model has no layer '${unknown}' with a weight`)
    const used = new Set<Tensor>()
    const missing: string[] = []
    const states: Record<string, Float32Array> = {}
    for (const [path, leaf] of leaves) {
      const tensor = candidates(path, layout).flatMap((name) => this.#tensors.get(name) ?? [])[0]
      if (tensor === undefined) {
        missing.push(path)
        continue
      }
      used.add(tensor)
      const channelsFirst = flattened[path.replace(/\.weight$/, '')]
      const value = this.#ownLayout(tensor, path, leaf, layout)
      states[path] = (channelsFirst ? unflatten(value, path, channelsFirst) : value).values
    }
    if (missing.length > 0 && (!partial || used.size === 0)) {
      throw new UserError(
        `${this.#where} has nothing for ${some(missing)}; it has ${some([...this.#tensors.keys()])}` +
          (from === undefined ? '' : ' (see the option rename)'),
      )
    }
    const left = [...this.#tensors.values()].filter((tensor) => !used.has(tensor)).map(({ source }) => source)
    return { states, unused: [...new Set(left)].filter((name) => !layout?.ignored.test(name)) }
  }

  /** With the axes of the parameter in their order. */
  #ownLayout(
    tensor: Tensor,
    path: string,
    { shape, axes }: Parameter | Buffer,
    layout: Layout | undefined,
  ): NamedArray {
    const own = shape.map((_, axis) => axis)
    const rank = (axis: number) => (axes && layout ? layout.axes.indexOf(axes[axis] ?? 'in') : axis)
    const order = own.toSorted((a, b) => rank(a) - rank(b) || a - b)
    const wanted = order.map((axis) => shape[axis] ?? 0)
    if (sameShape(tensor.shape, wanted)) {
      return permuteAxes(
        tensor,
        own.map((axis) => order.indexOf(axis)),
      )
    }
    if (this.#options.from === 'keras' && isDepthwise(tensor.shape, shape)) return { shape, values: tensor.values }
    throw new UserError(
      `'${tensor.source}' of ${this.#where} is [${tensor.shape.join(', ')}], but '${path}' needs [${wanted.join(', ')}]` +
        (sameShape(wanted, shape) ? '' : ` there, which is [${shape.join(', ')}] here`),
    )
  }
}

/** Keras has the filters of each channel on an axis of their own: [...window, channels, filters of each]. */
function isDepthwise(theirs: readonly number[], ours: readonly number[]): boolean {
  const [channels = 1, each = 1] = theirs.slice(-2)
  return theirs.length > 2 && sameShape([...theirs.slice(0, -2), 1, channels * each], ours)
}

/** What a parameter may be called in the file: as here, or as the library has it. */
function candidates(path: string, layout: Layout | undefined): readonly string[] {
  const foreign = Object.entries(layout?.names ?? {}).flatMap(([own, names]) => {
    if (path !== own && !path.endsWith(`.${own}`)) return []
    return names.map((name) => path.slice(0, path.length - own.length) + name)
  })
  return [...foreign, path]
}

/** Rows of a dense weight from channels first to channels last. */
function unflatten(weight: NamedArray, path: string, channelsFirst: readonly number[]): NamedArray {
  const [numInputs = 0, ...others] = weight.shape
  if (sizeOf(channelsFirst) !== numInputs) {
    throw new UserError(
      `flattened: [${channelsFirst.join(', ')}] are ${sizeOf(channelsFirst)} inputs, '${path}' has ${numInputs}`,
    )
  }
  const spatial = channelsFirst.slice(1).map((_, axis) => axis + 1)
  const last = channelsFirst.length
  const grouped = { shape: [...channelsFirst, ...others], values: weight.values }
  return {
    shape: weight.shape,
    values: permuteAxes(grouped, [...spatial, 0, ...others.map((_, axis) => last + axis)]).values,
  }
}

/** Slashes and the `:0` of Keras's names are dots and nothing in ours. */
function withDots(tensors: ReadonlyMap<string, NamedArray>, where: string): Tensors {
  const found = new Map<string, Tensor>()
  for (const [source, array] of tensors) {
    addNew(found, source.replaceAll('/', '.').replace(/:0$/, ''), { ...array, source }, where)
  }
  return found
}

function addNew(found: Map<string, Tensor>, name: string, tensor: Tensor, where: string): void {
  const other = found.get(name)
  if (other !== undefined) {
    throw new UserError(`rename: '${other.source}' and '${tensor.source}' of ${where} would both be '${name}'`)
  }
  found.set(name, tensor)
}

function renamed(
  tensors: Tensors,
  where: string,
  rename: Readonly<Record<string, string | readonly string[]>>,
): Tensors {
  // The longest first: it says most about what it means.
  const rules = Object.entries(rename).toSorted(([a], [b]) => b.length - a.length)
  const left = new Set(Object.keys(rename))
  const found = new Map<string, Tensor>()
  const add = (name: string, tensor: Tensor) => {
    addNew(found, name, tensor, where)
  }
  for (const [name, tensor] of tensors) {
    const rule = rules.find(([key]) => key === '' || name === key || name.startsWith(`${key}.`))
    if (rule === undefined) {
      add(name, tensor)
      continue
    }
    const [key, to] = rule
    left.delete(key)
    const rest = name.slice(key.length).replace(/^\./, '')
    const under = (path: string) => [path, rest].filter((part) => part !== '').join('.')
    if (typeof to === 'string') add(under(to), tensor)
    else for (const [index, part] of to.entries()) add(under(part), partOf(tensor, index, to.length))
  }
  const [unknown] = left
  if (unknown !== undefined) {
    throw new UserError(`rename: ${where} has nothing named '${unknown}'; it has ${some([...tensors.keys()])}`)
  }
  return found
}

function partOf(tensor: Tensor, index: number, count: number): Tensor {
  const { source, shape } = tensor
  if ((shape[0] ?? 0) % count === 0) return equalPart(tensor, index, count)
  throw new UserError(`rename: '${source}' is [${shape.join(', ')}], which does not divide into ${count} parts`)
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ') || 'none'
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown
}
