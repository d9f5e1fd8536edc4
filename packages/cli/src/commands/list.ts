/** `gradpool list`: the experiments that come with Gradpool, and the groups that name several of them. */
import { catalogue, type ExperimentConfig, groups, type StageConfig } from '@gradpool/experiments'
import { gridOf } from '../display/grid.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'

const architectureColumn = 2

export function listCommand({ stdout }: Io): number {
  const configs = [...catalogue.values()]
  const rows = configs.map((config) => [
    config.name,
    groupsOf(config.name).join(', '),
    architectureOf(config),
    config.reported?.toFixed(3) ?? '–',
    ['report', ...Object.keys(config.presets)].join(', '),
  ])
  stdout.print(
    gridOf(['experiment', 'group', 'architecture', 'reported', 'presets'], rows, {
      columns: stdout.columns(),
      colours: stdout.colours,
      flexible: architectureColumn,
      right: [3],
    }),
  )
  stdout.print('\nRun one with `gradpool run NAME`, a group with `gradpool run GROUP`.')
  return exitCode.done
}

function groupsOf(name: string): string[] {
  return Object.entries(groups).flatMap(([group, names]) => (names.includes(name) ? [group] : []))
}

/** All stages in a few words: `autoencode 64-10-64-784, then classify 10 on it (1 % of the labels)`. */
function architectureOf({ stages, data }: ExperimentConfig): string {
  const labels =
    data.labelled === 1 ? '' : ` (${Number((100 * data.labelled).toFixed(3))} % of the labels)`
  return stages.map(stageInWords).join(', then ') + labels
}

function stageInWords(stage: StageConfig): string {
  if (stage.kind === 'model') return stage.name
  if (stage.kind === 'autoencode') {
    return `autoencode ${[...stage.encoder, ...stage.decoder].join('-')}`
  }
  const head = [...stage.head, 'classes'].join('-')
  if (stage.encoder === 'none') return `classify ${head}`
  return `classify ${head} on the encoder, ${stage.encoder === 'frozen' ? 'frozen' : 'fine-tuned'}`
}
