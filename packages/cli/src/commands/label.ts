/** `gradpool runs tag`, `untag` and `note`: what runs are labelled. */
import { changeLabels, findRun, type LabelsChange } from '@gradpool/orchestrator'
import { basename } from 'node:path'
import { visibleIn } from '../display/visible-in.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { type LabelOptions } from '../options/runs-options.js'

/** @throws UserError when there is no such run, or its labels cannot be read or written */
export async function labelCommand(
  action: 'tag' | 'untag' | 'note',
  asked: string,
  words: readonly string[],
  { runs }: LabelOptions,
  { stdout }: Io,
): Promise<number> {
  const changes: Readonly<Record<typeof action, LabelsChange>> = {
    tag: { add: words },
    untag: { remove: words },
    note: { note: words.join(' ') },
  }
  const directory = await findRun(asked, runs)
  const { tags, note } = await changeLabels(directory, changes[action])
  const texts = [tags.length === 0 ? 'no tags' : tags.join(' '), ...(note === '' ? [] : [note])]
  stdout.print(visibleIn(`${basename(directory)}: ${texts.join(' · ')}`))
  return exitCode.done
}
