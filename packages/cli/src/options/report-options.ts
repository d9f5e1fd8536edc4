/** The options of `gradpool report` and `gradpool plot`. */
import { Option } from 'commander'
import { languages } from './languages.js'
import { runsOption } from './run-options.js'
import { file, fileOrFolder, oneOf } from './values.js'

export function reportOptions(): Option[] {
  return [
    new Option('--out <file>', 'the page (default: report.html in the directory of the run)').argParser(file('--out')),
    languageOption(),
    dataOption(),
    runsOption(),
  ]
}

export function plotOptions(): Option[] {
  return [
    new Option('--out <file>', 'the .svg or .png file (default: KIND.svg)').argParser(file('--out')),
    new Option('--metric <name>', 'of curves: which metric (default: loss)'),
    new Option('--experiment <name>', 'of which experiment (default: the first with such a figure; curves of all)'),
    new Option('--stage <name>', 'of which stage, such as autoencode'),
    languageOption(),
    dataOption(),
    runsOption(),
  ]
}

function languageOption(): Option {
  return new Option('--lang <name>', 'en or ko: the language that it begins in').argParser(oneOf('--lang', languages))
}

function dataOption(): Option {
  return new Option('--data <path>', 'where the test examples are now, if not where the run had them').argParser(
    fileOrFolder('--data'),
  )
}
