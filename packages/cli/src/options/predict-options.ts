/** The options of `gradpool predict` and `gradpool show`. */
import { Option } from 'commander'
import { languageOption, runsOption } from './run-options.js'
import { file } from './values.js'

export function predictOptions(): Option[] {
  return [
    new Option('--image <file>', 'a picture to predict from, a PNG file').argParser(file('--image')),
    new Option(
      '--data <file>',
      'rows to predict from: a table (.csv, .tsv, .jsonl, .parquet) with the columns of the training, .npy, .npz, .safetensors, JSON lines with the inputs of the model, or a folder of pictures',
    ).argParser(file('--data')),
    new Option(
      '--fit <how>',
      'how pictures of a folder that have other proportions are fitted, as `fit` of imageFolder',
    )
      .choices(['fill', 'cover', 'contain'])
      .default('fill'),
    runsOption(),
    new Option('--json', 'print one JSON object for each row, and nothing else on stdout'),
    new Option('--csv', 'print a table with commas, and nothing else on stdout'),
  ]
}

export function showOptions(): Option[] {
  return [
    new Option('--watch', 'look on at a run that another process works on, until it ends'),
    runsOption(),
    languageOption(),
    new Option('--json', 'print one JSON document, and nothing else on stdout'),
  ]
}
