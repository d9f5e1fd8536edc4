/** Modules of PyTorch whose tensors are cut or added otherwise than the parameters of layers here. */
import type { SourceTensor, Tensors } from './source-tensor.js'

/**
 * The tensors with those of recurrent and attention modules replaced by what layers have: weights in PyTorch's order of
 * axes.
 */
export function pytorchModules(tensors: Tensors): Tensors {
  const found = new Map(tensors)
  for (const [name, tensor] of tensors) {
    const [, path = '', kind] = /^(.*?)in_proj_(weight|bias)$/.exec(name) ?? []
    if (kind !== undefined) {
      replaceByParts(found, name, tensor, (part) => `${path}${part}.${kind}`)
      rename(found, `${path}out_proj.${kind}`, `${path}output.${kind}`)
    }
    const [, owner = '', index = '', reverse = ''] = /^(.*?)weight_ih_l(\d+)(_reverse)?$/.exec(name) ?? []
    if (index !== '') replaceRecurrent(found, tensors, owner, { index, reverse })
  }
  return found
}

/** Query, key and value of torch.nn.MultiheadAttention lie one below the other. */
function replaceByParts(
  found: Map<string, SourceTensor>,
  name: string,
  tensor: SourceTensor,
  nameOf: (part: string) => string,
): void {
  const parts = ['query', 'key', 'value']
  if ((tensor.shape[0] ?? 0) % parts.length !== 0) return
  found.delete(name)
  for (const [index, part] of parts.entries()) found.set(nameOf(part), equalPart(tensor, index, parts.length))
}

/** One of as many equal parts along the first axis, which they divide. */
export function equalPart({ source, shape, values }: SourceTensor, index: number, count: number): SourceTensor {
  const [rows = 0, ...others] = shape
  const size = values.length / count
  return { source, shape: [rows / count, ...others], values: values.subarray(index * size, (index + 1) * size) }
}

function rename(found: Map<string, SourceTensor>, from: string, to: string): void {
  const tensor = found.get(from)
  if (tensor === undefined) return
  found.delete(from)
  found.set(to, tensor)
}

/**
 * A layer of torch.nn.RNN, GRU or LSTM, in one direction. Of its two biases the first keeps the sum; only the reset
 * gate of a GRU stands between the two of its candidate, so that these stay apart.
 */
function replaceRecurrent(
  found: Map<string, SourceTensor>,
  tensors: Tensors,
  owner: string,
  { index, reverse }: { readonly index: string; readonly reverse: string },
): void {
  const torchName = (kind: string) => `${owner}${kind}_l${index}${reverse}`
  const [input, state] = [tensors.get(torchName('weight_ih')), tensors.get(torchName('weight_hh'))]
  const [width = 0, hidden = 0] = state?.shape ?? []
  if (input === undefined || state === undefined || hidden === 0) return
  const isStacked = tensors.has(`${owner}weight_ih_l1`)
  const isBidirectional = tensors.has(`${owner}weight_ih_l0_reverse`)
  const direction = reverse === '' ? 'forward.' : 'backward.'
  const path = `${owner}${isStacked ? `${index}.` : ''}${isBidirectional ? direction : ''}`
  // Modules without biases have zeros here.
  const none = { source: input.source, shape: [width], values: new Float32Array(width) }
  const [ofInput, ofState] = ['bias_ih', 'bias_hh'].map((kind) => tensors.get(torchName(kind)) ?? none)
  for (const kind of ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']) found.delete(torchName(kind))
  found.set(`${path}weight`, input)
  found.set(`${path}stateWeight`, state)
  const isGru = width === 3 * hidden
  const numSummed = isGru ? 2 * hidden : width
  const { source, shape, values } = ofInput ?? none
  const second = ofState?.values ?? none.values
  const sum = values.map((value, at) => (at < numSummed ? value + (second[at] ?? 0) : value))
  found.set(`${path}bias`, { source, shape, values: sum })
  if (isGru) {
    const { source } = ofState ?? none
    found.set(`${path}stateBias`, { source, shape: [hidden], values: second.slice(numSummed) })
  }
}
