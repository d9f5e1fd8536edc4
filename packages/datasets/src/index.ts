export { describeData, type DataDescription, type FileDescription } from './describe.js'
export type { FileRole } from './folder/locate.js'
export { readIdx, type IdxArray, type IdxFile, type ReadIdxOptions } from './idx/read.js'
export { encodeIdx, writeIdx, type WriteIdxOptions } from './idx/write.js'
export {
  loadDataset,
  splitAgain,
  type DatasetSplit,
  type ExampleFields,
  type LoadedDataset,
  type LoadOptions,
} from './load.js'
export {
  idxFolder,
  mnist,
  parseDataSpec,
  type DataSpec,
  type IdxFolderOptions,
  type IdxFolderSpec,
  type MnistOptions,
  type MnistSpec,
  type SplitSpec,
} from './spec.js'
