/** `gradpool predict`: what a saved model predicts from a picture, or from rows in a file. */
import { UserError } from '@gradpool/core'
import { findStageModel } from '@gradpool/orchestrator'
import { loadModel } from '@gradpool/trainer'
import { predictionLines, printPredictions } from '../display/predictions.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { readPicture } from '../prediction/read-picture.js'
import { readRows } from '../prediction/read-rows.js'

export interface PredictOptions {
  /** A PNG file. */
  readonly image?: string
  /** A file of JSON lines. */
  readonly data?: string
  readonly json?: boolean
  /** Where run directories are. */
  readonly runs: string
}

/** @throws UserError for a model or rows that are not there, or do not fit each other; nothing is written */
export async function predictCommand(
  target: string,
  { image, data, json = false, runs }: PredictOptions,
  { stdout }: Io,
): Promise<number> {
  if ((image === undefined) === (data === undefined)) {
    throw new UserError(
      'Say what to predict from: --image FILE.png, a picture, or --data FILE.jsonl, rows as JSON objects',
    )
  }
  const { path } = await findStageModel(target, { runs })
  await using model = await loadModel(path)
  const { inputs, outputs } = model
  if (Object.keys(outputs).length === 0) {
    throw new UserError(`'${target}' predicts nothing: its definition has no predict function`)
  }
  const rows = image === undefined ? await readRows(data ?? '', inputs) : await readPicture(image, inputs)
  const predicted = await model.predict(rows.values)
  if (json) stdout.printJson(predictionLines(outputs, predicted, rows.numRows).join('\n'))
  else printPredictions(stdout, outputs, predicted, rows.numRows)
  return exitCode.done
}
