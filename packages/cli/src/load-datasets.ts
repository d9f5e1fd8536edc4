/**
 * Loads the data of several experiments: the examples of one source once, however many ways they are split.
 */
import { type Allocate } from '@gradpool/core'
import {
  type DataSpec,
  type DatasetSplit,
  loadDataset,
  type LoadedDataset,
} from '@gradpool/datasets'

export interface LoadDatasetsOptions {
  readonly allocate: Allocate
  /** A folder in the place of the experiments' own data. */
  readonly directory?: string | undefined
}

/** @returns what loads the data that a spec means; throws a UserError when they are missing or damaged. */
export function datasetLoader({
  allocate,
  directory,
}: LoadDatasetsOptions): (spec: DataSpec) => Promise<LoadedDataset> {
  const loaded = new Map<string, LoadedDataset>()
  const examples = new Map<string, LoadedDataset>()
  return async (spec) => {
    const known = loaded.get(JSON.stringify(spec))
    if (known !== undefined) return known
    const source = JSON.stringify({ ...spec, labelled: 0, validation: 0, splitSeed: 0 })
    const first = examples.get(source)
    const dataset =
      first === undefined
        ? await loadDataset(spec, { allocate, directory })
        : withExamplesOf(first, await loadDataset(spec, { allocate: forAMoment, directory }))
    loaded.set(JSON.stringify(spec), dataset)
    if (first === undefined) examples.set(source, dataset)
    return dataset
  }
}

/** Memory that goes when the split is known. */
const forAMoment: Allocate = (numBytes) => new Uint8Array(numBytes)

/** The rows of one, over the fields of the other; they are the same bytes, or the files changed in between. */
function withExamplesOf({ fields, hash }: LoadedDataset, dataset: LoadedDataset): LoadedDataset {
  if (hash !== dataset.hash) return dataset
  const { images, labelled, validation, test } = dataset.splits
  const trained = ({ rows }: DatasetSplit): DatasetSplit => ({ fields: fields.train, rows })
  return {
    ...dataset,
    fields,
    splits: {
      images: trained(images),
      labelled: trained(labelled),
      validation: trained(validation),
      test: { fields: fields.test, rows: test.rows },
    },
  }
}
