export { expectImages, tableNamesOf, type Dataset, type ImageDataset, type ImageFields } from './dataset.js'
export { describeData, type DataDescription, type FileDescription } from './describe.js'
export type { FieldInput, Fields, FieldsInput } from './fields.js'
export { encodeData, encodeInputs } from './encoding/encode-data.js'
export { customEncoder, type Encoded, type Encoder, type EncoderOptions } from './encoding/encoder.js'
export { loadSource, type FieldSource, type FieldType, type RowBlock } from './own/field-source.js'
export { onnxEncoder, type OnnxEncoderOptions } from './encoding/onnx-encoder.js'
export { type FoldBy, foldsOf, type FoldOptions, withFold } from './splits/folds.js'
export { sequences, type Sequence, type SequencesOptions, type SequenceTypes } from './sequences.js'
export type { FileRole } from './folder/locate.js'
export { readIdx, type IdxArray, type IdxFile, type ReadIdxOptions } from './idx/read.js'
export { encodeIdx, writeIdx, type WriteIdxOptions } from './idx/write.js'
export {
  datasetLoader,
  loadDataset,
  loadRows,
  type LoaderOptions,
  type LoadOptions,
  type LoadRowsOptions,
} from './load.js'
export {
  arrays,
  bytePairs,
  csv,
  idxFolder,
  imageFolder,
  isFiles,
  jsonl,
  mnist,
  npy,
  npz,
  parquet,
  parseData,
  parseDataSpec,
  randomData,
  safetensors,
  sql,
  stored,
  text,
  tsv,
  type ArraysOptions,
  type ArraysSpec,
  type CsvOptions,
  type DataInput,
  type DataSpec,
  type FilesSpec,
  type HeldOut,
  type IdxFolderOptions,
  type IdxFolderSpec,
  type ImageFolderOptions,
  type JsonlOptions,
  type MnistOptions,
  type MnistSpec,
  type NamedArraysOptions,
  type RandomOptions,
  type ParquetOptions,
  type RowsSpec,
  type RowsSplitOptions,
  type SqlOptions,
  type StoredOptions,
  type TextOptions,
  type TsvOptions,
} from './spec.js'
export type { RowsSplit, ShuffleOption, SplitBy } from './splits/rows-split.js'
export { asDigit } from './images/as-digit.js'
export { cropped, resampled, scaled, withoutMargin, type Area, type Picture } from './images/picture.js'
export { readPictures, type Pictures } from './images/read-image-folder.js'
export type { ImageFolderShape, ImageFolderSpec } from './images/image-folder-spec.js'
export type { NamedArraysSpec, NpySpec } from './array-files/array-files-spec.js'
export { prepareDataset, type PreparedDataset, type PrepareOptions } from './stored/prepare.js'
export { RowReader, sortedRows, type RowsOfField, type SortedRows } from './stored/row-reader.js'
export { inMemory, isStored, readableRows, rowBytesOf } from './stored/stored-fields.js'
export type { StoredShape, StoredSpec } from './stored/stored-spec.js'
export { verifyStored } from './stored/verify.js'
export { splitReport, type SplitReport } from './splits/split-report.js'
export type { RandomField, RandomSpec } from './random/random-spec.js'
export { classCountsOf, modelDataOf, statisticsOf } from './statistics.js'
export { localFile } from './remote/remote-file.js'
export { arraysInFile } from './array-files/read-array-files.js'
export { readInputs, tableKindOf, type TableInputs } from './table/read-inputs.js'
export { rowsByName, type NamedRow } from './table/rows-by-name.js'
export { surveyFile, type ColumnSurvey, type DataSurvey } from './table/survey.js'
export type { RowSource } from './table/records.js'
export type { MissingPolicy, TableShape, TableSpec } from './table/table-spec.js'
export type { BytePairsToLearn, TextShape, TextSpec } from './text/text-spec.js'
export { tokenizerFor, tokensText, tokenizerOf, type Tokenizer } from './text/tokenizer.js'
export { readTextInputs, isTextFile, type TextInputs } from './text/read-text-inputs.js'
export { windows, type WindowsOptions } from './windows.js'
