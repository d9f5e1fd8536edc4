/** What the models of a run's stages show, when somebody asks for it. */
import { Experiments, type RunView } from '@gradpool/report/components'
import { useMemo, useState } from 'preact/hooks'
import type { RunFigures } from '../../api.js'
import { Problem } from '../parts.js'
import { useAnswer } from '../server.js'
import { useShell } from '../shell.js'

export function StageFigures({ id, view }: { readonly id: string; readonly view: RunView }) {
  const { words } = useShell()
  const [isAsked, setAsked] = useState(false)
  const { value, error, isAsking, again } = useAnswer<RunFigures>(
    isAsked ? `api/runs/${encodeURIComponent(id)}/figures` : null,
  )
  const views = useMemo(() => [view], [view])
  if (value !== undefined) {
    return (
      <>
        {value.missing.length > 0 && (
          <details>
            <summary>
              {words.missing} ({value.missing.length})
            </summary>
            <ul>
              {value.missing.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </details>
        )}
        <Experiments views={views} figures={value.figures} words={words} />
      </>
    )
  }
  return (
    <>
      <p class="note">{words.figuresHint}</p>
      <Problem error={error} again={again} />
      <button type="button" disabled={isAsked && isAsking} onClick={() => setAsked(true)}>
        {isAsked && isAsking ? words.computing : words.showFigures}
      </button>
    </>
  )
}
