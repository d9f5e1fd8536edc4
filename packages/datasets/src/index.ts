export { expectImages, type Dataset, type ImageDataset, type ImageFields } from './dataset.js'
export { describeData, type DataDescription, type FileDescription } from './describe.js'
export type { FieldInput, Fields, FieldsInput } from './fields.js'
export type { FileRole } from './folder/locate.js'
export { readIdx, type IdxArray, type IdxFile, type ReadIdxOptions } from './idx/read.js'
export { encodeIdx, writeIdx, type WriteIdxOptions } from './idx/write.js'
export { datasetLoader, loadDataset, type LoaderOptions, type LoadOptions } from './load.js'
export {
  arrays,
  idxFolder,
  mnist,
  parseData,
  parseDataSpec,
  type ArraysOptions,
  type ArraysSpec,
  type DataInput,
  type DataSpec,
  type FilesSpec,
  type HeldOut,
  type IdxFolderOptions,
  type IdxFolderSpec,
  type MnistOptions,
  type MnistSpec,
} from './spec.js'
