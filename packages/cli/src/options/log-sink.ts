/** The option `--log`. */
import { UserError } from '@gradpool/core'
import { quoted } from './values.js'

const kinds = ['tensorboard', 'mlflow', 'csv', 'jsonl'] as const

export type LogKind = (typeof kinds)[number]

/** Gathered over all times the option is given. */
export function logSink(typed: string, before: readonly string[] = []): readonly string[] {
  logSinkOf(typed)
  return [...before.filter((one) => one !== typed), typed]
}

/** @throws UserError for what it cannot be */
export function logSinkOf(typed: string): { readonly kind: LogKind; readonly url?: string } {
  const at = typed.indexOf('=')
  const [name, url] = at < 0 ? [typed] : [typed.slice(0, at), typed.slice(at + 1)]
  const kind = kinds.find((one) => one === name)
  const isRight = kind !== undefined && (url === undefined || (kind === 'mlflow' && url !== ''))
  if (isRight) return { kind, ...(url !== undefined && { url }) }
  throw new UserError(`--log must be tensorboard, mlflow, mlflow=URL, csv or jsonl, not ${quoted(typed)}`)
}
