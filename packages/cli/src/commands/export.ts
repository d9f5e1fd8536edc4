/** `gradpool export`: a saved model in the formats of other libraries, and with smaller weights. */
import { UserError } from '@gradpool/core'
import { findStageModel } from '@gradpool/orchestrator'
import { readRegular, reasonOf, writeDurably } from '@gradpool/storage'
import { loadModel, type Metrics } from '@gradpool/trainer'
import { gridOf } from '../display/grid.js'
import { isNumber, metricText, numberNames } from '../display/metric-text.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { checkOutputs, type OutputFile } from '../output-files.js'
import { examplesIn } from '../prediction/examples.js'

export interface ExportOptions {
  /** The file. */
  readonly onnx?: string
  /** Rows of a batch, of ONNX. */
  readonly batch?: number
  /** The folder. */
  readonly savedModel?: string
  /** The folder. */
  readonly tfjs?: string
  readonly weights?: 'f16' | 'i8'
  /** The file with these weights. */
  readonly out?: string
  /** Examples to judge them on. */
  readonly data?: string
  readonly force?: boolean
  /** Where run directories are. */
  readonly runs: string
}

/**
 * @throws UserError for a model that is not there, that a format cannot say, or a place that cannot be written; then
 *   nothing is written in this format
 */
export async function exportCommand(target: string, options: ExportOptions, { stdout }: Io): Promise<number> {
  const { onnx, batch, savedModel, tfjs, weights, out, data, force = false, runs } = options
  if (batch !== undefined && onnx === undefined) throw new UserError('--batch is of ONNX, so it needs --onnx FILE')
  if ((weights === undefined) !== (out === undefined)) throw new UserError('--weights and --out FILE need each other')
  if (data !== undefined && weights === undefined) {
    throw new UserError('--data is what smaller weights are judged on, so it needs --weights')
  }
  if (onnx === undefined && savedModel === undefined && tfjs === undefined && weights === undefined) {
    throw new UserError(
      'Say what to make: --onnx FILE, --saved-model FOLDER, --tfjs FOLDER, or --weights f16 or i8 with --out FILE',
    )
  }
  const { path } = await findStageModel(target, { runs })
  const outputs = [
    ...fileFor('--onnx', onnx),
    ...fileFor('--out', out),
    ...(savedModel === undefined ? [] : [{ option: '--saved-model', path: savedModel, files: ['saved_model.pb'] }]),
    ...(tfjs === undefined ? [] : [{ option: '--tfjs', path: tfjs, files: ['model.json', 'weights.bin'] }]),
  ]
  await checkOutputs(outputs, { inputs: [path, data], force })
  await using model = await loadModel(path)
  const { saved, table = {} } = model
  if (onnx !== undefined) {
    const { toOnnx } = await import('@gradpool/onnx')
    const bytes = toOnnx(saved, batch === undefined ? {} : { batchSize: batch })
    await written(onnx, () => writeDurably(onnx, bytes))
    stdout.print(`ONNX: '${onnx}', ${sizeText(bytes.length)}`)
  }
  if (savedModel !== undefined) {
    const { exportSavedModel } = await import('@gradpool/engine-tensorflow')
    await written(savedModel, () => exportSavedModel(saved, savedModel))
    stdout.print(`SavedModel: '${savedModel}'`)
  }
  if (tfjs !== undefined) {
    const { exportTfjsGraph } = await import('@gradpool/engine-tensorflow')
    await written(tfjs, () => exportTfjsGraph(saved, tfjs))
    stdout.print(`tfjs: '${tfjs}'`)
  }
  if (weights !== undefined && out !== undefined) {
    const examples = data === undefined ? {} : { data: examplesIn(data, table) }
    const { bytes, change } = await written(out, () => model.save(out, { weights, ...examples }))
    const before = (await readRegular(path)).length
    const left = [...saved.states.keys()].some((name) => name.startsWith('optimizer/'))
    const without = left ? ', without the states of the optimizer' : ''
    stdout.print(`Weights of ${weights}: '${out}', ${sizeText(bytes)} of ${sizeText(before)}${without}`)
    if (change) {
      const rows = changesIn(change.before, change.after)
      const { colours } = stdout
      stdout.printColoured(
        gridOf(['', 'before', 'after', 'change'], rows, { columns: stdout.columns(), colours, right: [1, 2, 3] }),
      )
    } else stdout.print('What that changes is told over examples: --data FILE')
  }
  return exitCode.done
}

function fileFor(option: string, path: string | undefined): OutputFile[] {
  return path === undefined ? [] : [{ option, path }]
}

/** What writing gives. @throws UserError where the system does not let the file or folder be written */
async function written<T>(path: string, write: () => T | Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    throw new UserError(`'${path}' cannot be written: ${reasonOf(error)}`, { cause: error })
  }
}

function changesIn(before: Metrics, after: Metrics): string[][] {
  return numberNames(before).map((name) => {
    const [one, other] = [before[name], after[name]]
    if (!isNumber(one) || !isNumber(other)) return [name, '', '', '']
    const change = other - one
    return [name, metricText(one), metricText(other), `${change > 0 ? '+' : ''}${metricText(change)}`]
  })
}

function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`
}
