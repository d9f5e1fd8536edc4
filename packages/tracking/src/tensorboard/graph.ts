/** A Program as a graph of TensorFlow's, as TensorBoard draws it. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Program } from '@gradpool/core/engine'
import { DataType, type GraphDefSchema } from './tensorboard_pb.js'

const TYPES: Readonly<Record<string, DataType>> = {
  f32: DataType.DT_FLOAT,
  i32: DataType.DT_INT32,
  u8: DataType.DT_UINT8,
  bool: DataType.DT_BOOL,
}

const PRODUCER = 22
const MOST_ATTRIBUTE = 200

/** Inputs and states have their own names, in which a dot makes a group; results are nodes that name what they read. */
export function graphOf(program: Program): MessageInitShape<typeof GraphDefSchema> {
  const names = namesOf(program)
  const node = program.nodes.map((each, at) => {
    const text = JSON.stringify(each.attributes).slice(0, MOST_ATTRIBUTE)
    return {
      name: names[at] ?? '',
      op: each.op,
      input: each.inputs.map((input) => names[input] ?? ''),
      attr: {
        dtype: { value: { case: 'type' as const, value: TYPES[each.dtype] ?? DataType.DT_INVALID } },
        ...(text !== '{}' && { attributes: { value: { case: 's' as const, value: Buffer.from(text) } } }),
        _output_shapes: {
          value: {
            case: 'list' as const,
            value: { shape: [{ dim: each.shape.map((size) => ({ size: BigInt(size) })) }] },
          },
        },
      },
    }
  })
  const results = program.results.map(({ name, node: at }) => ({
    name: `results/${partOf(name)}`,
    op: 'result',
    input: [names[at] ?? ''],
    attr: {},
  }))
  return { node: [...node, ...results], versions: { producer: PRODUCER } }
}

/** A name of TensorFlow's begins with a letter or a digit. */
function namesOf({ nodes, inputs }: Program): string[] {
  const names = nodes.map(({ op }, at) => `${op}_${at}`)
  const taken = new Set(names)
  for (const { role, name, node } of inputs) {
    const path = name.split(/[./]/).map(partOf).join('/')
    const own = role === 'state' ? path : `${role}/${path}`
    const free = taken.has(own) ? `${own}_${node}` : own
    taken.add(free)
    names[node] = free
  }
  return names
}

function partOf(name: string): string {
  const safe = name.replace(/[^\w.-]/g, '_')
  return /^[A-Za-z0-9]/.test(safe) ? safe : `_${safe}`.replace(/^_+/, 'x_')
}
