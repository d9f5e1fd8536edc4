/** The package that draws reports, which is not installed with Gradpool. */
import type * as Report from '@gradpool/report'
import { ifInstalled, loadPackage } from './load-package.js'

/** Undefined where it is not there. */
export function reportIfInstalled(): Promise<typeof Report | undefined> {
  return ifInstalled(() => import('@gradpool/report'))
}

/** @throws UserError with the command that installs it, where it is not there */
export function loadReport(): Promise<typeof Report> {
  return loadPackage('@gradpool/report', 'A report needs', () => import('@gradpool/report'))
}
