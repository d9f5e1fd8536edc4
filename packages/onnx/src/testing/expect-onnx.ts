/** What ONNX Runtime computes of a Program, beside the reference evaluator. */
import type { Values } from '@gradpool/core'
import { evaluate, initialState, sizeOf, type Program } from '@gradpool/core/engine'
import { expectClose, runOnnx, type OnnxRuntime } from '@gradpool/engine-contract'
import { namedStates } from '@gradpool/storage'
import { encodeProgram } from '../to-onnx.js'

const ARRAYS = { f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const
const TOLERANCE = 1e-5

/** Numbers for the fields of a Program; others by another salt. */
export type Batch = Readonly<Record<string, Values>>

/** Different numbers: from -1 to 1, whole ones from 0 to 7. */
export function batchFor(program: Program, salt = 1): Batch {
  const fields = program.fields.map(({ name, shape, dtype }) => {
    const values = new ARRAYS[dtype](sizeOf(shape)).map((_, i) => {
      const number = ((i + 1) * 7919 + salt * 104_729) % 2003
      return dtype === 'f32' ? number / 1001.5 - 1 : number % 8
    })
    return [name, values] as const
  })
  return Object.fromEntries(fields)
}

/**
 * The results of the Program by ONNX Runtime are those by the reference evaluator.
 *
 * @param program its states have their first values
 * @param batchSize how the file is made: for as many examples as the Program, or for any number
 * @param others the same Program for other numbers of examples, which the file takes, too
 */
export async function expectOnnx(
  runtime: OnnxRuntime,
  program: Program,
  {
    batchSize,
    batch,
    others = [],
  }: { readonly batchSize: number | string; readonly batch?: Batch; readonly others?: readonly Program[] },
): Promise<void> {
  const seed = 7
  // Of a norm, first statistics are 0 and 1, with which it does nothing.
  const state = Object.fromEntries(
    Object.entries(initialState(program, seed)).map(([name, values]) => [
      name,
      values.map((value, i) => value + 0.1 * Math.abs(Math.sin(i + 1))),
    ]),
  )
  const outputs = program.results.map(({ name }) => ({ name, dtype: 'f32' as const }))
  const file = encodeProgram(program, { states: namedStates(program, state), outputs, batchSize })
  const all = [program, ...others].map((one, salt) => ({ one, values: batch ?? batchFor(one, salt) }))
  const given = all.map(({ one, values }) => {
    const fields = one.fields.map(
      ({ name, shape }) => [name, { values: values[name] ?? new Float32Array(), shape }] as const,
    )
    return Object.fromEntries(fields)
  })
  const results = await runOnnx(runtime, file, given)
  all.forEach(({ one, values }, at) => {
    const { results: expected } = evaluate(one, { state, batch: values, seed })
    for (const { name, node } of one.results) {
      const got = results[at]?.[name]
      const where = () => `${name}, ${String(batchSize)} of\n${one.toString()}`
      expectClose(got?.values ?? [], expected[name] ?? [], TOLERANCE, where)
      expectClose(got?.shape ?? [], one.node(node).shape, 0, where)
    }
  })
}
