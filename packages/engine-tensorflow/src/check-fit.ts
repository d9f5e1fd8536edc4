/**
 * Whether data, seed and states fit a program. All that would make TensorFlow fail within a step is refused here,
 * before there is a graph.
 */
import {
  UserError,
  bytesPerElement,
  sizeOf,
  type BatchProgram,
  type CompileOptions,
  type Field,
  type Program,
} from '@gradpool/core'
import { checkStates } from './shared.js'

/** @throws UserError with one sentence. */
export function checkFit(batchProgram: BatchProgram, options: CompileOptions): void {
  const { program, tail, batchSize, numExamples } = batchProgram
  const { data, state, seed, orderSeed = seed, shareStateOf } = options
  for (const each of [seed, orderSeed]) {
    if (!Number.isInteger(each) || each < -(2 ** 31) || each >= 2 ** 32) {
      throw new UserError(`a seed is a whole number of 32 bits, not ${each}`)
    }
  }
  if (data.rows.length !== numExamples) {
    throw new UserError(
      `the program was traced for ${numExamples} examples, the data has ${data.rows.length}`,
    )
  }
  checkBatch(program, batchSize, options)
  if (tail) checkBatch(tail, numExamples % batchSize, options)
  if (state && shareStateOf) {
    throw new UserError('an execution has states of its own, or shares those of another, not both')
  }
  if (state) checkStates(sizesOf(program), state)
}

function checkBatch(program: Program, batchSize: number, { data }: CompileOptions): void {
  for (const { role, name, node } of program.inputs) {
    if (role !== 'batch') continue
    const field = data.fields[name]
    if (!field) {
      const known = Object.keys(data.fields).join(', ')
      throw new UserError(
        `the program reads the field "${name}", which the data does not have (it has: ${known})`,
      )
    }
    const { dtype, shape } = program.node(node)
    const [batch, ...example] = shape
    if (batch !== batchSize) {
      throw new UserError(
        `the program reads the field "${name}" for ${batch ?? 1} examples, its batches have ${batchSize}`,
      )
    }
    if (dtype !== field.dtype || sizeOf(example) !== sizeOf(field.shape)) {
      throw new UserError(
        `the program reads the field "${name}" as ${dtype}[${example.join(', ')}], the data has ${field.dtype}[${field.shape.join(', ')}]`,
      )
    }
    const numRows = rowsOf(name, field)
    const stray = data.rows.find((row) => row < 0 || row >= numRows)
    if (stray !== undefined) {
      throw new UserError(`row ${stray} is not in the field "${name}", which has ${numRows} rows`)
    }
  }
}

const arrays = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const

function rowsOf(name: string, { dtype, shape, values }: Field): number {
  const array = arrays[dtype]
  if (!(values instanceof array)) {
    throw new UserError(
      `the field "${name}" is ${dtype}, so its values must be a ${array.name}, not a ${values.constructor.name}`,
    )
  }
  const numRows = values.byteLength / bytesPerElement[dtype] / sizeOf(shape)
  if (Number.isInteger(numRows)) return numRows
  throw new UserError(
    `the field "${name}" has ${values.length} values, which is no whole number of examples of [${shape.join(', ')}]`,
  )
}

function sizesOf(program: Program): Map<string, { readonly size: number }> {
  return new Map(
    program.inputs
      .filter(({ role }) => role === 'state')
      .map(({ name, node }) => [name, { size: sizeOf(program.node(node).shape) }]),
  )
}
