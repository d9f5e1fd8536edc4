/** `gradpool runs tag`, `untag` and `note`: labels of runs. */
import { UserError } from '@gradpool/core'
import { changeLabels, findRun, type LabelsChange, readLabels } from '@gradpool/orchestrator'
import { basename } from 'node:path'
import { visibleIn } from '../display/visible-in.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { type LabelOptions } from '../options/runs-options.js'

/**
 * @throws UserError when there is no such run, its labels cannot be read or written, or it is not said what they are
 */
export async function labelCommand(
  action: 'tag' | 'untag' | 'note',
  asked: string,
  words: readonly string[],
  { runs, clear = false }: LabelOptions,
  { stdout }: Io,
): Promise<number> {
  const text = words.join(' ').trim()
  if (action === 'note' && clear !== (text === '')) {
    throw new UserError(
      clear
        ? `--clear removes the note, so it takes no text, not '${text}'`
        : `Say what the note is: \`gradpool runs note ${asked} TEXT\`; --clear removes the note`,
    )
  }
  const changes: Readonly<Record<typeof action, LabelsChange>> = {
    tag: { add: words },
    untag: { remove: words },
    note: { note: text },
  }
  const directory = await findRun(asked, runs)
  const before = await readLabels(directory)
  const { tags, note } = await changeLabels(directory, changes[action])
  const texts = [tags.length === 0 ? 'no tags' : tags.join(' '), ...(note === '' ? [] : [note])]
  stdout.print(visibleIn(`${basename(directory)}: ${texts.join(' · ')}`))
  // What somebody wrote is not lost.
  if (before.note !== '' && before.note !== note) stdout.print(visibleIn(`The note was: ${before.note}`))
  return exitCode.done
}
