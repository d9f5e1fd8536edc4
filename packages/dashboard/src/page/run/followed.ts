/** A run as it goes on: its view, and events that are folded into it as they come. */
import { withEvent } from '@gradpool/report/components'
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Followed, RunMessages, RunState } from '../../api.js'
import { AGAIN, useAnswer, useMessages, type Asked, type Link } from '../server.js'

const KINDS = ['view', 'events', 'state'] as const

interface Following extends Pick<Asked<Followed>, 'error' | 'again'> {
  readonly run: Followed | undefined
  readonly link: Link
  readonly setState: (state: RunState) => void
}

export function useFollowed(id: string): Following {
  const path = `api/runs/${encodeURIComponent(id)}`
  const [run, setRun] = useState<Followed>()
  const link = useMessages(`${path}/events`, KINDS, (kind, data) => {
    // After a lost connection, the server tells a view anyway.
    if (kind !== AGAIN) setRun((before) => after(before, kind, JSON.parse(data)))
  })
  // Whose messages do not come asks, and may be told why.
  const { value, error, again } = useAnswer<Followed>(link === 'lost' ? path : null, { isPolled: true })
  useEffect(() => {
    if (value) setRun(value)
  }, [value])
  const setState = useCallback((state: RunState) => setRun((before) => before && { ...before, state }), [])
  return { run, link, error: link === 'lost' ? error : undefined, again, setState }
}

/** The server is of the same version as the page, so a message is what its kind says. */
function after(run: Followed | undefined, kind: string, message: unknown): Followed | undefined {
  if (kind === 'view') return message as RunMessages['view']
  if (run === undefined) return undefined
  if (kind === 'state') return { ...run, state: message as RunMessages['state'] }
  return { ...run, view: (message as RunMessages['events']).reduce(withEvent, run.view) }
}
