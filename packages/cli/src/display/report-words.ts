/**
 * Whose words experiments are told in. The report is in Korean, and calls a loss cost; its own
 * experiments are told so, all others in English, and `--lang` says it for all.
 */
import { groups } from '@gradpool/experiments'
import { type Language } from '../options/languages.js'

/** Whether an experiment, by its name, is told of in the report's words. */
export type InReportWords = (experiment: string) => boolean

export function reportWordsFor(language: Language | undefined): InReportWords {
  if (language !== undefined) return () => language === 'ko'
  const own = new Set(groups().report)
  return (experiment) => own.has(experiment)
}
