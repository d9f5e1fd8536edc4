/** How stages are told of, by the hash of the stage. */
import { hasFields } from '@gradpool/storage'
import { type DisplayOptions } from './display.js'
import { type InReportWords } from './report-words.js'

/** Of a plan, or of the record of a run, whose configuration may be anything. */
interface Told {
  readonly name: string
  readonly config: unknown
  readonly stages: readonly { readonly hash: string }[]
}

export function stageWords(
  experiments: readonly Told[],
  inReportWords: InReportWords,
): Pick<DisplayOptions, 'reportEvery' | 'inReportWords'> {
  const every = new Map<string, number>()
  const reported = new Set<string>()
  for (const { name, config, stages } of experiments) {
    const own = hasFields(config, { stages: Array.isArray }) ? config.stages : []
    stages.forEach(({ hash }, index) => {
      every.set(hash, reportEveryOf(Array.isArray(own) ? own[index] : undefined) ?? reportEveryOf(config) ?? 1)
      if (inReportWords(name)) reported.add(hash)
    })
  }
  return {
    reportEvery: (hash) => every.get(hash) ?? 1,
    inReportWords: (hash) => reported.has(hash),
  }
}

function reportEveryOf(config: unknown): number | undefined {
  const isEvery = (value: unknown) => typeof value === 'number' && value > 0
  const hasEvery = (train: unknown) => hasFields(train, { reportEvery: isEvery })
  if (!hasFields(config, { train: hasEvery })) return undefined
  const { train } = config
  return hasFields(train, { reportEvery: isEvery }) ? Number(train.reportEvery) : undefined
}
