/**
 * Loads a user's file whose default export is an experiment: TypeScript or JavaScript, with no build step, on every
 * supported Node, and only here on the main thread.
 *
 * Wherever the file lies, `@gradpool/…` in it means the packages that this command runs on.
 */
import { existsSync, statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import * as core from '@gradpool/core'
import * as datasets from '@gradpool/datasets'
import * as engineCpu from '@gradpool/engine-cpu'
import * as experiments from '@gradpool/experiments'
import * as models from '@gradpool/models'
import * as orchestrator from '@gradpool/orchestrator'
import { createJiti } from 'jiti'
import { onOneLine } from './one-sentence.js'

const extensions = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs']

const installed = {
  '@gradpool/core': core,
  '@gradpool/datasets': datasets,
  '@gradpool/engine-cpu': engineCpu,
  '@gradpool/experiments': experiments,
  '@gradpool/models': models,
  '@gradpool/orchestrator': orchestrator,
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
  if (typeof exported !== 'object' || exported === null || !('default' in exported)) {
    throw withoutExperiment(typed)
  }
  try {
    // What defineExperiment gave is checked again: a file may export a plain object in its place.
    return experiments.defineExperiment(exported.default as experiments.ExperimentInput)
  } catch (error) {
    if (error instanceof core.UserError) throw failed(typed, error)
    throw withoutExperiment(typed)
  }
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
  const [firstLine = ''] = (error instanceof Error ? error.message : String(error))
    .trim()
    .split('\n')
  const reason = onOneLine(firstLine)
  return new core.UserError(`'${typed}' could not be loaded: ${reason}`, { cause: error })
}

function withoutExperiment(typed: string): core.UserError {
  const example = 'export default defineExperiment({ … })'
  return new core.UserError(`'${typed}' has no experiment as its default export: \`${example}\``)
}
