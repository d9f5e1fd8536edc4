/** `gradpool predict`: what a saved model predicts from a picture, or from rows in a file of any kind. */
import { UserError } from '@gradpool/core'
import { localFile, type ImageFolderShape } from '@gradpool/datasets'
import { findStageModel } from '@gradpool/orchestrator'
import { loadModel } from '@gradpool/trainer'
import { predictionLines, predictionTable, printPredictions } from '../display/predictions.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { readPicture } from '../prediction/read-picture.js'
import { readData } from '../prediction/read-data.js'

export interface PredictOptions {
  /** A PNG file. */
  readonly image?: string
  /** A table, arrays of NumPy, JSON lines, or a folder of pictures. */
  readonly data?: string
  /** How pictures of other proportions are fitted. */
  readonly fit: ImageFolderShape['fit']
  readonly json?: boolean
  readonly csv?: boolean
  /** Where run directories are. */
  readonly runs: string
}

/** @throws UserError for a model or rows that are not there, or do not fit each other; nothing is written */
export async function predictCommand(
  target: string,
  { image, data, fit, json = false, csv = false, runs }: PredictOptions,
  { stdout, stderr }: Io,
): Promise<number> {
  if ((image === undefined) === (data === undefined)) {
    throw new UserError(
      'Say what to predict from: --image FILE.png, a picture, or --data FILE, rows of a table, of arrays of NumPy or of JSON, or a folder of pictures',
    )
  }
  if (json && csv) throw new UserError('Say how to print it: --json or --csv, not both')
  const { path } = await findStageModel(target, { runs })
  await using model = await loadModel(path)
  const { inputs, outputs, classNames } = model
  if (Object.keys(outputs).length === 0) {
    throw new UserError(`'${target}' predicts nothing: its definition has no predict function`)
  }
  const table = model.saved.table ?? {}
  const rows =
    image === undefined
      ? await readData(await localFile(data ?? ''), { inputs, table, fit })
      : await readPicture(image, inputs)
  const { leftAside = [], skipped = [], files } = rows
  if (leftAside.length > 0) stderr.print(`Left aside, since the model does not read it: ${leftAside.join(', ')}`)
  if (skipped.length > 0) stderr.print(`Left out, as no picture can be read from it: ${skipped.join(', ')}`)
  const predicted = await model.predict(rows.values)
  const tokenizer = table.tokens && (await model.tokenizer())
  const textOf = tokenizer && ((tokens: readonly number[]) => tokenizer.decode(tokens))
  const predictions = { outputs, predicted, numRows: rows.numRows, classNames, textOf, files }
  if (json) stdout.printJson(predictionLines(predictions).join('\n'))
  else if (csv) stdout.printJson(predictionTable(predictions).join('\n'))
  else printPredictions(stdout, predictions)
  return exitCode.done
}
