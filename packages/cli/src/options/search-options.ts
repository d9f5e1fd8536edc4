/** The options of `gradpool index build` and `gradpool search`. */
import { Option } from 'commander'
import { runsOption } from './run-options.js'
import { file, folder, wholeNumber } from './values.js'

/** An index keeps codes of 256 bits at most. */
const mostBits = 256
const mostNeighbours = 10_000

export function indexBuildOptions(): Option[] {
  return [
    new Option('--out <file>', 'the file to write').argParser(file('--out')).makeOptionMandatory(),
    new Option('--data <data>', "mnist, or a folder of IDX files; else the run's own").argParser(folder('--data')),
    runsOption(),
  ]
}

export function searchOptions(): Option[] {
  return [
    new Option('--image <image>', 'the number of a test image, or a PNG file')
      .argParser(file('--image'))
      .makeOptionMandatory(),
    new Option('--k <n>', 'how many images to find, at most')
      .argParser(wholeNumber('--k', 1, mostNeighbours))
      .default(10, '10'),
    new Option('--radius <bits>', 'only images of which at most so many bits differ').argParser(
      wholeNumber('--radius', 0, mostBits),
    ),
    new Option('--sheet <file>', 'write them to a PNG file, side by side').argParser(file('--sheet')),
    new Option('--data <dir>', 'where the images that were indexed are now').argParser(folder('--data')),
    new Option('--json', 'print one JSON document, and nothing else on stdout'),
  ]
}
