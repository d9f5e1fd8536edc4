/** Asks for the token of a dashboard that is not of this machine alone. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { useShell } from './shell.js'

export function TokenDialog({ onToken }: { readonly onToken: (token: string) => Promise<boolean> }) {
  const { words } = useShell()
  const dialog = useRef<HTMLDialogElement>(null)
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState<string>()
  useEffect(() => dialog.current?.showModal(), [])
  const submit = (event: Event) => {
    event.preventDefault()
    onToken(token.trim().replace(/^.*#token=/, '')).then(
      (isRight) => {
        if (!isRight) setProblem(words.wrongToken)
      },
      () => setProblem(words.lost),
    )
  }
  return (
    <dialog class="token" ref={dialog} aria-labelledby="token-title" onCancel={(event) => event.preventDefault()}>
      <form onSubmit={submit}>
        <h2 id="token-title">{words.tokenTitle}</h2>
        <p class="note">{words.tokenHint}</p>
        <label>
          {words.token}
          <input
            type="password"
            autocomplete="current-password"
            required
            value={token}
            aria-invalid={problem !== undefined}
            aria-describedby="token-problem"
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
          />
        </label>
        <p id="token-problem" class="error" role="alert">
          {problem}
        </p>
        <button type="submit" class="main">
          {words.signIn}
        </button>
      </form>
    </dialog>
  )
}
