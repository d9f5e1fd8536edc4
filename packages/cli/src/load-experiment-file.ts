/**
 * Loads a user's file whose default export is an experiment: TypeScript or JavaScript, with no build step, on every
 * supported Node, and only here on the main thread.
 *
 * Wherever the file lies, `gradpool` and `@gradpool/…` in it mean the packages that this command runs on.
 */
import { existsSync, statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import * as core from '@gradpool/core'
import * as engine from '@gradpool/core/engine'
import * as datasets from '@gradpool/datasets'
import * as engineCpu from '@gradpool/engine-cpu'
import * as experiments from '@gradpool/experiments'
import * as models from '@gradpool/models'
import * as orchestrator from '@gradpool/orchestrator'
import * as trainer from '@gradpool/trainer'
import { createJiti } from 'jiti'
import { onOneLine } from './one-sentence.js'

const extensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']

const installed = {
  // The package `gradpool` has this command, so it cannot be imported here: these are its names.
  gradpool: { ...core, ...datasets, ...models, ...trainer, ...experiments },
  '@gradpool/core': core,
  '@gradpool/core/engine': engine,
  '@gradpool/datasets': datasets,
  '@gradpool/engine-cpu': engineCpu,
  '@gradpool/experiments': experiments,
  '@gradpool/models': models,
  '@gradpool/orchestrator': orchestrator,
  '@gradpool/trainer': trainer,
}

/** Whether what was typed means a file and not a name of the catalogue. */
export function isExperimentFile(typed: string): boolean {
  return extensions.includes(extname(typed)) || /[/\\]/.test(typed)
}

/** @throws core.UserError with one sentence that names the file. */
export async function loadExperimentFile(typed: string): Promise<experiments.ExperimentConfig> {
  const path = resolve(typed)
  if (!existsSync(path)) throw new core.UserError(`There is no file '${typed}'`)
  if (!statSync(path).isFile() || !extensions.includes(extname(path))) {
    const kinds = extensions.join(', ')
    throw new core.UserError(`'${typed}' is not an experiment file, whose name ends in ${kinds}`)
  }
  const exported = await importFile(path, typed)
  try {
    // Checked again, as a file may export a plain object that defineExperiment never saw.
    return experiments.defineExperiment(defaultOf(exported))
  } catch (error) {
    throw error instanceof core.UserError ? failed(typed, error) : error
  }
}

function defaultOf(exported: unknown): experiments.ExperimentInput {
  const value = isObject(exported) && 'default' in exported ? exported.default : undefined
  if (!isObject(value)) {
    const example = 'export default defineExperiment({ … })'
    throw new core.UserError(`it has no experiment as its default export, \`${example}\``)
  }
  return value as experiments.ExperimentInput
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

async function importFile(path: string, typed: string): Promise<unknown> {
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    interopDefault: false,
    virtualModules: installed,
  })
  try {
    return await jiti.import(path)
  } catch (error) {
    throw failed(typed, error)
  }
}

function failed(typed: string, error: unknown): core.UserError {
  const [firstLine = ''] = (error instanceof Error ? error.message : String(error)).trim().split('\n')
  const reason = onOneLine(firstLine)
  return new core.UserError(`'${typed}' could not be loaded: ${reason}`, { cause: error })
}
