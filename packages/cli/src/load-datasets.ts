/**
 * Loads the data of several experiments: the examples of one source once, however many ways they are split.
 */
import { type Allocate } from '@gradpool/core'
import { type DataSpec, loadDataset, type LoadedDataset, splitAgain } from '@gradpool/datasets'

export interface LoadDatasetsOptions {
  readonly allocate: Allocate
  /** A folder in the place of the experiments' own data. */
  readonly directory?: string | undefined
}

/** @returns what loads the data that a spec means; throws a UserError when they are missing or damaged. */
export function datasetLoader(
  options: LoadDatasetsOptions,
): (spec: DataSpec) => Promise<LoadedDataset> {
  const loaded = new Map<string, Promise<LoadedDataset>>()
  return async (spec) => {
    const { labelled, validation, splitSeed, ...source } = spec
    const key = JSON.stringify(source)
    const dataset = loaded.get(key) ?? loadDataset(spec, options)
    loaded.set(key, dataset)
    return splitAgain(await dataset, { labelled, validation, splitSeed })
  }
}
