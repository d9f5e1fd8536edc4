/**
 * Data with a field that an encoder made in the place of the one that it reads. Each row is encoded once: the numbers
 * are kept in the cache, under the hash of the encoder and of the rows.
 */
import { UserError } from '@gradpool/core'
import { createSha256, sizeOf, threadMemory, type Field, type TableNames } from '@gradpool/core/engine'
import {
  cacheFolder,
  decodeSafetensors,
  encodeSafetensors,
  isMissing,
  makeDirectories,
  readRegular,
  removeOldTemporaries,
  sha256,
  writeDurably,
} from '@gradpool/storage'
import { dirname, join } from 'node:path'
import { originOfSplits, splitData, type Dataset, type OwnRows } from '../dataset.js'
import { fieldsHash, mapped, parseFields, rowsOf, type Fields, type FieldsInput } from '../fields.js'
import { loadDataset } from '../load.js'
import type { DataInput } from '../spec.js'
import type { Encoded, Encoder } from './encoder.js'

/**
 * The splits stay as they are. The other fields stay, too, but for the one that the encoder reads.
 *
 * @throws UserError with one sentence for data without that field, and what `loadDataset` and the encoder throw
 */
export async function encodeData(data: DataInput, encoder: Encoder): Promise<Dataset> {
  const { contents, plan } = originOfSplits(await loadDataset(data))
  const { hash, from, to } = encoder
  const names = { encoder: { hash, from, to } }
  const made = new Map<Fields, Promise<Fields>>()
  const encoded = (fields: Fields) => {
    const making = made.get(fields) ?? encodedFields(fields, encoder)
    made.set(fields, making)
    return making
  }
  const ofSplit = async (held: number | OwnRows) =>
    typeof held === 'number'
      ? held
      : {
          ...held,
          split: { ...held.split, fields: await encoded(held.split.fields) },
          ...(held.names && { names: { ...held.names, ...names } }),
        }
  const { imageShape, ...others } = contents
  const isImage = from === 'image'
  return splitData(
    {
      ...others,
      ...(!isImage && imageShape && { imageShape }),
      fields: await encoded(contents.fields),
      ...names,
      hash: () => createSha256().update(`${hash} ${contents.hash()}`).digest(),
    },
    { ...plan, validation: await ofSplit(plan.validation), test: await ofSplit(plan.test) },
  )
}

async function encodedFields(fields: Fields, encoder: Encoder): Promise<Fields> {
  const { from, to } = encoder
  const { [from]: field, ...rest } = fields
  // Stored ones are read.
  const others = mapped(rest, ({ shape, values }) => ({ shape, values }))
  if (field === undefined) {
    throw new UserError(
      `the data have no field '${from}', which the encoder reads; they have ${Object.keys(fields).join(', ')}`,
    )
  }
  if (to in others)
    throw new UserError(`the data have a field '${to}', as which the encoder's numbers should come: name another`)
  const file = join(
    cacheFolder(),
    'encodings',
    `${sha256(`${encoder.hash} ${fieldsHash({ [from]: field })}`)}.safetensors`,
  )
  const kept = await readKept(file, rowsOf(field))
  const encoded = kept ?? (await encodeRows(field, encoder))
  if (!kept) await keep(file, encoded, rowsOf(field))
  return parseFields({ [to]: { ...encoded, shape: [...encoded.shape] }, ...others }, 'the encoded data')
}

/**
 * Rows to predict from, as the field that the model reads.
 *
 * @param rows of the field that the encoder reads
 * @param names of the data that the model was trained on
 * @throws UserError for an encoder that did not make what the model was trained on
 */
export async function encodeInputs(
  rows: FieldsInput[string],
  encoder: Encoder,
  { encoder: trained }: TableNames,
): Promise<Readonly<Record<string, Float32Array>>> {
  if (trained === undefined) throw new UserError('this model was trained on data that no encoder made')
  if (trained.hash !== encoder.hash) {
    throw new UserError(
      'this is another encoder than the one that made what the model was trained on: its hash differs',
    )
  }
  const { from, to } = encoder
  const { [from]: field } = parseFields({ [from]: rows }, 'the rows')
  return field === undefined ? {} : { [to]: (await encodeRows(field, encoder)).values }
}

/** All rows of a field. @throws UserError where the encoder makes other numbers of rows, or of numbers a row */
async function encodeRows(field: Field, { batchSize, encode }: Encoder): Promise<Encoded> {
  const size = sizeOf(field.shape)
  const numRows = rowsOf(field)
  let made: Encoded | undefined
  for (let start = 0; start < numRows; start += batchSize) {
    const end = Math.min(start + batchSize, numRows)
    const { shape, values } = await encode({ ...field, values: field.values.subarray(start * size, end * size) })
    made ??= { shape, values: new Float32Array(threadMemory(4 * sizeOf(shape) * numRows)) }
    const width = sizeOf(made.shape)
    if (values.length !== width * (end - start)) {
      throw new UserError(
        `the encoder made ${values.length} numbers of ${end - start} rows, expected ${width} of each, [${made.shape.join(', ')}]`,
      )
    }
    made.values.set(values, start * width)
  }
  if (made) return made
  throw new UserError('there are no rows to encode')
}

/** Undefined where they are not there, or not as they were written. */
async function readKept(file: string, numRows: number): Promise<Encoded | undefined> {
  try {
    const { tensors, metadata } = decodeSafetensors(await readRegular(file), file)
    const encoded = tensors.get('encoded')
    const [rows, ...shape] = encoded?.shape ?? []
    if (!encoded || rows !== numRows || metadata.sha256 !== hashOf(encoded)) return undefined
    return { shape, values: encoded.values }
  } catch (error) {
    if (error instanceof UserError || isMissing(error)) return undefined
    throw error
  }
}

/** Where it cannot be kept, it is made again another time. */
async function keep(file: string, { shape, values }: Encoded, numRows: number): Promise<void> {
  const array = { shape: [numRows, ...shape], values }
  try {
    await makeDirectories(dirname(file))
    await removeOldTemporaries(dirname(file))
    await writeDurably(
      file,
      encodeSafetensors({ tensors: new Map([['encoded', array]]), metadata: { sha256: hashOf(array) } }),
    )
  } catch {
    // Such as a full disk, or a folder that is only read.
  }
}

function hashOf({ shape, values }: Encoded): string {
  const { buffer, byteOffset, byteLength } = values
  const bytes = new Uint8Array(buffer, byteOffset, byteLength)
  return createSha256().update(`${shape.join()}\n`).update(bytes).digest()
}
