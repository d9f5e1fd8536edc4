/** The package that draws reports, which is optional. */
import { UserError } from '@gradpool/core'
import type * as Report from '@gradpool/report'
import { isInstalled, optionalPackages } from './optional-packages.js'

/** @throws UserError with the command that gets it, where it is not there */
export async function loadReport(): Promise<typeof Report> {
  if (!isInstalled(optionalPackages.report)) {
    throw new UserError('reports are drawn by @gradpool/report: run `gradpool setup report` once to get it')
  }
  return import('@gradpool/report')
}
