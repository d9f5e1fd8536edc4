/**
 * Tells what is there of the data that a spec means, reading no more than the files' headers.
 */
import { UserError } from '@gradpool/core'
import { allRows, targetIn } from './dataset.js'
import { fileNames, fileRoles, findFiles, ranks, type FileRole } from './folder/locate.js'
import { readIdxHeader } from './idx/read.js'
import { sourceOf } from './source.js'
import { loadDataset } from './load.js'
import { isFiles, parseDataSpec, type ArraysSpec, type DataSpec, type FilesSpec } from './spec.js'
import { splitCounts, type SplitCounts } from './splits/splits.js'

export interface FileDescription {
  readonly role: FileRole
  /** Where the file is, or the name it should have. */
  readonly path: string
  readonly state: 'ready' | 'missing' | 'unusable'
  /** One sentence, unless the file is ready. */
  readonly problem?: string
  /** Of a file that is ready. */
  readonly header?: {
    readonly dims: readonly number[]
    readonly compressed: boolean
    readonly fileBytes: number
  }
}

export interface DataDescription {
  readonly name: string
  /** True if nothing is wrong as far as headers and sizes tell. */
  readonly ready: boolean
  readonly directory?: string
  /** Rows of each split, as far as numbers tell; where everything is ready. */
  readonly rows?: SplitCounts
  /** One sentence, when there is no folder to look in, or too few rows for the splits. */
  readonly problem?: string
  readonly files: readonly FileDescription[]
}

/** Problems with the data are in the answer; only a spec that is none throws a UserError. */
export async function describeData(
  spec: DataSpec,
  { directory }: { readonly directory?: string | undefined } = {},
): Promise<DataDescription> {
  const parsed = parseDataSpec(spec)
  if (!isFiles(parsed)) {
    const isCounted = parsed.kind === 'arrays' && typeof parsed.splitBy === 'string'
    return isCounted ? describeArrays(parsed) : describeRows(parsed, directory)
  }
  try {
    const source = sourceOf(parsed, directory)
    const found = await findFiles(source.directory)
    const files: FileDescription[] = []
    for (const role of fileRoles) files.push(await describeFile(role, found[role]))
    const ready = files.every(({ state }) => state === 'ready')
    const description = { name: source.name, ready, directory: source.directory, files }
    const [trainRows, , testRows] = files.map(({ header }) => header?.dims[0])
    if (!ready || trainRows === undefined || testRows === undefined) return description
    const counts = splitCounts(trainRows, { ...parsed, test: 0 })
    return { ...description, rows: { ...counts, test: testRows } }
  } catch (error) {
    const name = directory ?? parsed.directory ?? parsed.kind
    return { name, ready: false, problem: sentenceOf(error), files: [] }
  }
}

/** Those that are held out by number; data of a split's own are described by themselves. */
function describeArrays({ name, fields, labelled, ...spec }: ArraysSpec): DataDescription {
  const [validation = 0, test = 0] = [spec.validation, spec.test].map((held) => (typeof held === 'number' ? held : 0))
  try {
    const isLacking = labelled === 'withTarget'
    const eligible = isLacking ? allRows(fields).filter(targetIn({ name, fields })) : allRows(fields)
    const rows = splitCounts(eligible.length, { labelled: isLacking ? 1 : labelled, validation, test })
    return { name, ready: true, rows, files: [] }
  } catch (error) {
    return { name, ready: false, problem: sentenceOf(error), files: [] }
  }
}

/** Only all of a file tells how many rows it has, and only its groups how they are split. */
async function describeRows(
  spec: Exclude<DataSpec, FilesSpec>,
  directory: string | undefined,
): Promise<DataDescription> {
  try {
    const { name, splits } = await loadDataset(spec, { directory })
    const [train, validation, test] = [splits.train, splits.validation, splits.test].map((it) => it?.rows.length ?? 0)
    return { name, ready: true, rows: { train: train ?? 0, validation: validation ?? 0, test: test ?? 0 }, files: [] }
  } catch (error) {
    return { name: spec.kind, ready: false, problem: sentenceOf(error), files: [] }
  }
}

async function describeFile(role: FileRole, path: string | undefined): Promise<FileDescription> {
  if (path === undefined) {
    const name = fileNames[role]
    return { role, path: name, state: 'missing', problem: `${name} is missing` }
  }
  try {
    return { role, path, state: 'ready', header: await readIdxHeader(path, ranks[role]) }
  } catch (error) {
    return { role, path, state: 'unusable', problem: sentenceOf(error) }
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof UserError) return error.message
  throw error
}
