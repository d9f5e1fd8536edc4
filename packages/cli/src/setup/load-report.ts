/** The package that draws reports, which is not installed with Gradpool. */
import type * as Report from '@gradpool/report'
import { importIfInstalled, importOptional } from '../optional-part.js'

/** Undefined where it is not there. */
export function reportIfInstalled(): Promise<typeof Report | undefined> {
  return importIfInstalled('@gradpool/report', () => import('@gradpool/report'))
}

/** @throws UserError with the command that installs it, where it is not there */
export function loadReport(): Promise<typeof Report> {
  return importOptional('A report', '@gradpool/report', () => import('@gradpool/report'))
}
