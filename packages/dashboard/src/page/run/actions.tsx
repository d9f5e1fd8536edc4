/** Stopping a run and going on with it. */
import { useEffect, useState } from 'preact/hooks'
import type { Acted, RunState } from '../../api.js'
import { sentence } from '../parts.js'
import { errorOf, post } from '../server.js'
import { useShell } from '../shell.js'

interface Props {
  readonly state: RunState
  readonly onState: (state: RunState) => void
}

export function Actions({ state, onState }: Props) {
  const { words, about } = useShell()
  const [asked, setAsked] = useState<'stop' | 'resume'>()
  const [problem, setProblem] = useState<string>()
  // What was asked for has come.
  useEffect(() => setAsked(undefined), [state.status])
  const act = (action: 'stop' | 'resume') => {
    setAsked(action)
    setProblem(undefined)
    post<Acted>(`api/runs/${encodeURIComponent(state.id)}/${action}`).then(onState, (error: unknown) => {
      setAsked(undefined)
      setProblem(sentence(errorOf(error).message))
    })
  }
  const isRunning = state.status === 'running'
  return (
    <div class="actions">
      {isRunning ? (
        <button
          type="button"
          class="stop"
          disabled={!state.canStop || asked !== undefined}
          title={state.canStop ? undefined : words.noStop}
          onClick={() => act('stop')}
        >
          {asked === 'stop' ? words.stopping : words.stop}
        </button>
      ) : (
        state.status !== 'done' &&
        about?.canResume === true && (
          <button
            type="button"
            class="main"
            disabled={!state.canResume || asked !== undefined}
            onClick={() => act('resume')}
          >
            {asked === 'resume' ? words.resuming : words.resume}
          </button>
        )
      )}
      {problem !== undefined && (
        <p class="error" role="alert">
          {problem}
        </p>
      )}
    </div>
  )
}
