/** Weights that other libraries trained, from their files. */
import { decodeForeignSafetensors, decodeNpz } from '@gradpool/storage'
import { readSource, type ModelSource } from '../saved-model/read-source.js'
import { ImportedWeights, type ImportOptions } from './imported-weights.js'

/**
 * Weights of a safetensors file, to be given to `fit` or `startTraining` as `initFrom`. Numbers of any type are read as
 * f32: F16, BF16, F32, F64, integers, booleans.
 *
 * @param source a path, a URL, bytes, a Blob or a stream
 * @throws UserError with one sentence for what cannot be read or is no such file, and names that fit no tensor
 */
export async function loadSafetensors(source: ModelSource, options: ImportOptions = {}): Promise<ImportedWeights> {
  const { bytes, where } = await readSource(source)
  return new ImportedWeights(decodeForeignSafetensors(bytes, where).tensors, where, options)
}

/**
 * Weights of a NumPy archive, `.npz`, each array named as `numpy.savez` was told. Else as `loadSafetensors`.
 *
 * @throws UserError as `loadSafetensors`, and for arrays that are none of numbers
 */
export async function loadNpz(source: ModelSource, options: ImportOptions = {}): Promise<ImportedWeights> {
  const { bytes, where } = await readSource(source)
  return new ImportedWeights(await decodeNpz(bytes, where), where, options)
}
