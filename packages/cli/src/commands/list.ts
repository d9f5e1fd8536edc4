/** `gradpool list`: the experiments that come with Gradpool, and the groups that name several of them. */
import { catalogue, type ExperimentConfig, groups, type StageConfig } from '@gradpool/experiments'
import { gridOf } from '../display/grid.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'

const architectureColumn = 2
const mnistEnds = { pixels: 784, classes: 10 }

export function listCommand({ stdout }: Io): number {
  const configs = [...catalogue().values()]
  const rows = configs.map((config) => [
    config.name,
    groupsOf(config.name).join(', '),
    architectureOf(config),
    labelsOf(config),
    config.reported?.toFixed(3) ?? '–',
    ['default', ...Object.keys(config.presets)].join(', '),
  ])
  stdout.printColoured(
    gridOf(['experiment', 'group', 'architecture', 'labels', 'reported', 'presets'], rows, {
      columns: stdout.columns(),
      colours: stdout.colours,
      flexible: architectureColumn,
      right: [3, 4],
    }),
  )
  stdout.print('\nRun one with `gradpool run NAME`, a group with `gradpool run GROUP`.')
  return exitCode.done
}

function groupsOf(name: string): string[] {
  return Object.entries(groups()).flatMap(([group, names]) => (names.includes(name) ? [group] : []))
}

/** `autoencode 784-64-10-64-784, then classify 10-10-10 with the encoder frozen`. */
function architectureOf({ stages, data }: ExperimentConfig): string {
  const isMnist = 'kind' in data && data.kind === 'mnist'
  const ends = isMnist ? mnistEnds : { pixels: 'pixels', classes: 'classes' }
  let codeWidth: number | undefined
  const inWords = (stage: StageConfig) => {
    if (stage.kind === 'model') return stage.name
    if (stage.kind === 'hash') {
      const widths = [ends.pixels, ...stage.encoder].join('-')
      return `hash ${widths}${stage.labels ? ' with labels' : ''}`
    }
    if (stage.kind === 'autoencode') {
      codeWidth = stage.encoder.at(-1)
      return `autoencode ${[ends.pixels, ...stage.encoder, ...stage.decoder].join('-')}`
    }
    if (stage.kind === 'continueText') {
      const { width, heads, blocks } = stage
      return `continueText of ${counted(blocks, 'block')} of width ${width} with ${counted(heads, 'head')}`
    }
    if (stage.kind === 'regress') return `regress ${['inputs', ...stage.hidden, 'outputs'].join('-')}`
    if (stage.kind === 'forecast') return `forecast ${['steps', ...stage.hidden, 'steps'].join('-')}`
    if (stage.kind === 'cluster') return clusterInWords(stage, ends.pixels)
    const { hidden, encoder } = stage
    if (encoder === 'none') return `classify ${[ends.pixels, ...hidden, ends.classes].join('-')}`
    const widths = [codeWidth ?? 'code', ...hidden, ends.classes].join('-')
    return `classify ${widths} with the encoder ${encoder === 'frozen' ? 'frozen' : 'fine-tuned'}`
  }
  return stages.map(inWords).join(', then ')
}

function clusterInWords(
  { clusters, hidden = [], encoder }: StageConfig & { readonly kind: 'cluster' },
  pixels: string | number,
) {
  if (encoder === 'fineTuned') return `cluster the codes into ${clusters} with the encoder fine-tuned`
  if (encoder === 'frozen') return `cluster the codes into ${clusters}`
  return `cluster ${[pixels, ...hidden].join('-')} into ${clusters}`
}

/** Of the training images; a dash where no stage looks at labels. */
function labelsOf({ data, stages }: ExperimentConfig): string {
  if (!stages.some(usesLabels)) return '–'
  const labelled = 'labelled' in data ? data.labelled : 1
  return labelled === 'withTarget' ? 'those there are' : `${Number((100 * labelled).toFixed(3))} %`
}

function usesLabels(stage: StageConfig): boolean {
  return stage.kind === 'hash' ? stage.labels : !['autoencode', 'cluster', 'continueText'].includes(stage.kind)
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
