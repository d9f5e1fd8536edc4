/** Layers of Keras whose variables are cut, added or named otherwise than the parameters of layers here. */
import { UserError } from '@gradpool/core'
import type { SourceTensor, Tensors } from './source-tensor.js'

/**
 * The tensors with those of recurrent and attention layers replaced by what layers have here; names have dots.
 *
 * @throws UserError for a GRU that resets its state before the product
 */
export function kerasModules(tensors: Tensors): Tensors {
  const found = new Map(tensors)
  for (const name of tensors.keys()) {
    const [, cell] = /^(.*\.)?recurrent_kernel$/.exec(name) ?? []
    if (cell !== undefined) replaceRecurrent(found, tensors, cell)
    const [, attention] = /^(.*\.)?attention_output\.kernel$/.exec(name) ?? []
    if (attention !== undefined) replaceAttention(found, tensors, attention)
  }
  return found
}

/** A layer of SimpleRNN, GRU or LSTM, whose variables are those of its cell: `gru.gru_cell.kernel`. */
function replaceRecurrent(found: Map<string, SourceTensor>, tensors: Tensors, cell: string): void {
  const [input, state] = [tensors.get(`${cell}kernel`), tensors.get(`${cell}recurrent_kernel`)]
  const [hidden = 0, width = 0] = state?.shape ?? []
  if (input === undefined || state === undefined || hidden === 0) return
  const isGru = width === 3 * hidden
  // Keras has a GRU's update gate first.
  const ordered = (tensor: SourceTensor) => (isGru ? withFirstTwoSwapped(tensor, hidden) : tensor)
  const given = tensors.get(`${cell}bias`)
  const bias = ordered(given ?? { source: input.source, shape: [2, width], values: new Float32Array(2 * width) })
  if (isGru && bias.shape.length === 1) {
    throw new UserError(
      `'${bias.source}' is of a GRU that resets its state before the product; there are only those of Keras's default, ` +
        'reset_after=True',
    )
  }
  for (const kind of ['kernel', 'recurrent_kernel', 'bias']) found.delete(cell + kind)
  const owner = ownerOf(cell, tensors)
  found.set(`${owner}weight`, ordered(input))
  found.set(`${owner}stateWeight`, ordered(state))
  // Of the two biases of a GRU only those of the candidate have the reset gate between them.
  const values = bias.values.slice(0, width)
  if (isGru) {
    const second = bias.values.subarray(width)
    for (let at = 0; at < 2 * hidden; at++) values[at] = (values[at] ?? 0) + (second[at] ?? 0)
    found.set(`${owner}stateBias`, { source: bias.source, shape: [hidden], values: second.slice(2 * hidden) })
  }
  found.set(`${owner}bias`, { source: bias.source, shape: [width], values })
}

/** Without the cell's name; `both.forward_gru` beside `both.backward_gru` is `both.forward`. */
function ownerOf(cell: string, tensors: Tensors): string {
  const owner = cell.replace(/[^.]*cell(?:_\d+)?\.$/, '')
  const [, path = '', direction = '', own = ''] = /^(.*\.)?(forward|backward)_([^.]+)\.$/.exec(owner) ?? []
  const other = `${path}${direction === 'forward' ? 'backward' : 'forward'}_${own}.`
  const isOfBoth = direction !== '' && [...tensors.keys()].some((name) => name.startsWith(other))
  return isOfBoth ? `${path}${direction}.` : owner
}

/** Of blocks of this width along the last axis. */
function withFirstTwoSwapped({ source, shape, values }: SourceTensor, width: number): SourceTensor {
  const swapped = values.slice()
  for (let row = 0; row < values.length; row += shape.at(-1) ?? 1) {
    swapped.set(values.subarray(row + width, row + 2 * width), row)
    swapped.set(values.subarray(row, row + width), row + width)
  }
  return { source, shape, values: swapped }
}

/** Heads of MultiHeadAttention have an axis of their own, and so has a head. */
function replaceAttention(found: Map<string, SourceTensor>, tensors: Tensors, attention: string): void {
  const parts = { query: 'query', key: 'key', value: 'value', output: 'attention_output' }
  for (const [own, part] of Object.entries(parts)) {
    const [kernel, bias] = [tensors.get(`${attention}${part}.kernel`), tensors.get(`${attention}${part}.bias`)]
    if (kernel === undefined) continue
    found.delete(`${attention}${part}.kernel`)
    found.delete(`${attention}${part}.bias`)
    const [first = 1, last = 1] = [kernel.shape[0], kernel.shape.at(-1)]
    const shape = own === 'output' ? [kernel.values.length / last, last] : [first, kernel.values.length / first]
    found.set(`${attention}${own}.weight`, { ...kernel, shape })
    if (bias) found.set(`${attention}${own}.bias`, { ...bias, shape: [bias.values.length] })
  }
}
