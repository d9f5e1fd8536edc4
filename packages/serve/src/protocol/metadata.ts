/** What a model reads and predicts, as the Open Inference Protocol tells it. */
import type { ServedModel, ValueType } from '../model.js'
import { DATATYPES } from './datatypes.js'

export function metadataOf(name: string, { inputs, outputs, hash, table }: ServedModel): object {
  const { classNames, columns, categories } = table ?? {}
  const named = { classNames, columns, categories }
  return {
    name,
    versions: [hash],
    platform: 'gradpool',
    inputs: tensors(inputs),
    outputs: tensors(outputs),
    ...(Object.values(named).some((value) => value !== undefined) && { parameters: named }),
  }
}

/** Any number of rows is -1. */
function tensors(types: Readonly<Record<string, ValueType>>): object[] {
  return Object.entries(types).map(([name, { dtype, shape }]) => {
    return { name, datatype: DATATYPES[dtype], shape: [-1, ...shape] }
  })
}
