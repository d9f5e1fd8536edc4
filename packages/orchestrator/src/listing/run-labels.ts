/** `labels.json` of a run directory: tags and a note, which people add to a run and which change nothing of it. */
import { UserError } from '@gradpool/core'
import {
  hasFields,
  isMissing,
  isText,
  openSealed,
  readRegular,
  reasonOf,
  refuseOtherVersion,
  sealJson,
  writeDurably,
} from '@gradpool/storage'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

export interface RunLabels {
  /** Sorted, each once. */
  readonly tags: readonly string[]
  readonly note: string
}

export const LABELS_FILE = 'labels.json'
const FORMAT = 'gradpool-labels'
const FORMAT_VERSION = 1

const MOST_BYTES = 2 ** 20
const MOST_TAGS = 100
const MOST_NOTE = 10_000
const TAG = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._:/-]{0,99}$/u

const NONE: RunLabels = { tags: [], note: '' }

/** @throws UserError for a file that is not as it was written */
export async function readLabels(directory: string): Promise<RunLabels> {
  const path = join(directory, LABELS_FILE)
  let opened
  try {
    opened = openSealed(String(await readRegular(path, { most: MOST_BYTES })))
  } catch (error) {
    if (isMissing(error)) return NONE
    if (error instanceof UserError) throw error
    const reason = error instanceof SyntaxError ? 'it is not JSON' : reasonOf(error)
    throw new UserError(`cannot read '${path}': ${reason}`, { cause: error })
  }
  const { value, isWhole } = opened
  refuseOtherVersion(value, path, FORMAT, FORMAT_VERSION)
  if (!isWhole || !isLabels(value)) throw new UserError(`'${path}' is not as it was written`)
  return { tags: value.tags, note: value.note }
}

export interface LabelsChange {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
  readonly note?: string
}

/** Changes that were asked for: each begins from what the one before has left. */
let changing: Promise<unknown> = Promise.resolve()

/**
 * What the run is labelled with from now on.
 *
 * @throws UserError for a tag that is none, too many, a note that is too long, or a file that cannot be read or written
 */
export function changeLabels(directory: string, change: LabelsChange): Promise<RunLabels> {
  const changed = changing.then(() => changeNow(directory, change))
  changing = changed.catch(() => undefined)
  return changed
}

async function changeNow(directory: string, { add = [], remove = [], note }: LabelsChange): Promise<RunLabels> {
  const wrong = add.find((tag) => !TAG.test(tag))
  if (wrong !== undefined) {
    throw new UserError(`a tag has letters, digits and . _ : / -, and at most 100 of them; '${wrong}' is none`)
  }
  const before = await readLabels(directory)
  const tags = [...new Set([...before.tags, ...add])].filter((tag) => !remove.includes(tag)).sort()
  const labels = { tags, note: (note ?? before.note).trim() }
  if (tags.length > MOST_TAGS) throw new UserError(`a run has at most ${MOST_TAGS} tags, not ${tags.length}`)
  if (labels.note.length > MOST_NOTE) throw new UserError(`a note has at most ${MOST_NOTE} characters`)
  const path = join(directory, LABELS_FILE)
  try {
    if (tags.length === 0 && labels.note === '') await rm(path, { force: true })
    else await writeDurably(path, sealJson({ format: FORMAT, formatVersion: FORMAT_VERSION, ...labels }))
  } catch (error) {
    throw new UserError(`cannot write '${path}': ${reasonOf(error)}`, { cause: error })
  }
  return labels
}

export function isLabels(value: unknown): value is RunLabels & Record<string, unknown> {
  return hasFields(value, { tags: (tags) => Array.isArray(tags) && tags.every(isText), note: isText })
}
