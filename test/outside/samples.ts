/** The samples of the READMEs, as the files of a project. */
import { transformSync } from 'esbuild'
import { type Block, pages } from '../docs/blocks.js'

export interface Sample {
  /** Such as `packages/core/README.md:8`. */
  readonly name: string
  /** Of its files, without ending. */
  readonly file: string
  readonly typescript: string
  readonly javascript: string
  /** A program that plans the sample, where that is an experiment, instead of running it. */
  readonly plan: string | undefined
  readonly prints: string
  readonly runs: boolean
}

export function samples(): Sample[] {
  const readmes = pages().filter(({ path }) => /^(packages\/[\w-]+\/)?README\.md$/.test(path))
  const blocks = readmes.flatMap((page) => page.blocks.filter(({ language }) => /^(ts|js|mjs)$/.test(language)))
  return blocks.map(sampleOf)
}

function sampleOf({ name, setup, text, prints = '', runs }: Block): Sample {
  const typescript = setup === '' ? text : `${setup}\n${text}`
  const file = name.replace(/\.md:/, '-').replaceAll('/', '-')
  const isExperiment = /^export default /m.test(typescript)
  return {
    name,
    file,
    // Without an import or export it would be no module.
    typescript: /^(import|export) /m.test(typescript) ? typescript : `${typescript}\nexport {}\n`,
    javascript: transformSync(typescript, { loader: 'ts', format: 'esm', target: 'node20' }).code,
    plan: isExperiment ? planOf(file) : undefined,
    prints,
    runs,
  }
}

const planOf = (file: string) => `
import { loadDataset } from '@gradpool/datasets'
import { parseExperiment, planExperiment } from '@gradpool/experiments'
import written from './${file}.js'
const config = parseExperiment(written)
planExperiment(config, { dataset: await loadDataset(config.data), seed: 0 })
`
