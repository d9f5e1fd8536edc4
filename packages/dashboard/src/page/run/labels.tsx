/** What people say of a run: tags and a note. */
import { useEffect, useState } from 'preact/hooks'
import type { LabelsAsked, RunState } from '../../api.js'
import { sentence } from '../parts.js'
import { addressOf } from '../route.js'
import { errorOf, post } from '../server.js'
import { useShell } from '../shell.js'

interface Props {
  readonly state: RunState
  readonly onState: (state: RunState) => void
}

export function Labels({ state, onState }: Props) {
  const { words } = useShell()
  const [tag, setTag] = useState('')
  const [note, setNote] = useState(state.note)
  const [problem, setProblem] = useState<string>()
  useEffect(() => setNote(state.note), [state.note])
  const change = (asked: LabelsAsked) => {
    setProblem(undefined)
    post<Pick<RunState, 'tags' | 'note'>>(`api/runs/${encodeURIComponent(state.id)}/labels`, { body: asked }).then(
      ({ tags, note }) => onState({ ...state, tags, note }),
      (error: unknown) => setProblem(sentence(errorOf(error).message)),
    )
  }
  return (
    <div class="labelling">
      <ul class="chips" aria-label={words.tags}>
        {state.tags.map((each) => (
          <li key={each}>
            <a href={addressOf('', '', new URLSearchParams({ where: `tag=${each}` }))}>{each}</a>
            <button type="button" aria-label={`${words.removeTag} ${each}`} onClick={() => change({ remove: [each] })}>
              ×
            </button>
          </li>
        ))}
        <li class="new">
          <form
            onSubmit={(event) => {
              event.preventDefault()
              if (tag.trim() !== '') change({ add: [tag.trim()] })
              setTag('')
            }}
          >
            <input
              type="text"
              value={tag}
              size={12}
              aria-label={words.addTag}
              placeholder={`+ ${words.addTag}`}
              autocomplete="off"
              onInput={({ currentTarget }) => setTag(currentTarget.value)}
            />
          </form>
        </li>
      </ul>
      <form
        class="noting"
        onSubmit={(event) => {
          event.preventDefault()
          change({ note })
        }}
      >
        <input
          type="text"
          value={note}
          aria-label={words.note}
          placeholder={words.noteHint}
          autocomplete="off"
          onInput={({ currentTarget }) => setNote(currentTarget.value)}
        />
        {note.trim() !== state.note && <button type="submit">{words.save}</button>}
      </form>
      {problem !== undefined && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
    </div>
  )
}
