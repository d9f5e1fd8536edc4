/** The options of `gradpool export`. */
import { Option } from 'commander'
import { runsOption } from './run-options.js'
import { file, fileOrFolder, folder, oneOf, wholeNumber } from './values.js'

const MOST_ROWS = 2 ** 20

export function exportOptions(): Option[] {
  return [
    new Option('--onnx <file>', 'write the prediction as an ONNX file').argParser(file('--onnx')),
    new Option('--batch <n>', 'with --onnx: always so many rows at once; any number if left out').argParser(
      wholeNumber('--batch', 1, MOST_ROWS),
    ),
    new Option('--saved-model <folder>', 'write the prediction as a SavedModel of TensorFlow').argParser(
      folder('--saved-model'),
    ),
    new Option('--tfjs <folder>', 'write the prediction for tf.loadGraphModel of tfjs').argParser(folder('--tfjs')),
    new Option('--weights <type>', 'write the model again with smaller weights, to --out: f16 or i8').argParser(
      oneOf('--weights', ['f16', 'i8']),
    ),
    new Option('--out <file>', 'with --weights: the .gradpool file to write').argParser(file('--out')),
    new Option(
      '--data <data>',
      'with --weights: examples to tell by what changes: a table, .npz or .safetensors, mnist, or a folder of IDX files or of --prepare',
    ).argParser(fileOrFolder('--data')),
    new Option('--force', 'replace files that exist, and write into folders that are not empty'),
    rows('--csv <file>', 'CSV'),
    rows('--parquet <file>', 'Parquet'),
    runsOption(),
  ]
}

/** Of a run, not of a model. */
function rows(flags: string, format: string): Option {
  const [name = ''] = flags.split(' ')
  return new Option(flags, `of a run: write a row for each epoch of each experiment as ${format}`)
    .argParser(file(name))
    .conflicts(['onnx', 'batch', 'savedModel', 'tfjs', 'weights', 'out', 'data'])
}
