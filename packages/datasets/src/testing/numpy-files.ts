/** A file as NumPy writes it. */
export function npyBytes(descr: string, shape: readonly number[], values: ArrayBufferView): Uint8Array {
  const extents = shape.length === 1 ? `${shape.join()},` : shape.join(', ')
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${extents}), }`.padEnd(117)
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0])
  return Buffer.concat([
    start,
    Buffer.from(`${header}\n`),
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  ])
}
