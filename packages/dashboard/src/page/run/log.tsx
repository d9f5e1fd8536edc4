/** The last lines of what a run said. */
import type { RunView } from '@gradpool/report/components'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { RunLog } from '../../api.js'
import { Problem } from '../parts.js'
import { useAnswer } from '../server.js'
import { useShell } from '../shell.js'

const MOST = 200
/** Lines come no oftener. */
const EVERY_MS = 1000

export function Log({ id, view }: { readonly id: string; readonly view: RunView }) {
  const { words } = useShell()
  const log = useAnswer<RunLog>(`api/runs/${encodeURIComponent(id)}/log?most=${MOST}`)
  const [isFollowing, setFollowing] = useState(true)
  const lines = useRef<HTMLOListElement>(null)
  const isWaiting = useRef(false)
  // Where the run has told something, it may have said something.
  useEffect(() => {
    if (isWaiting.current) return
    isWaiting.current = true
    setTimeout(() => {
      isWaiting.current = false
      log.again()
    }, EVERY_MS)
  }, [view])
  useEffect(() => {
    const list = lines.current
    if (isFollowing && list) list.scrollTop = list.scrollHeight
  }, [log.value, isFollowing])
  const all = log.value?.lines ?? []
  return (
    <>
      <Problem error={log.error} again={log.again} />
      {log.value && all.length === 0 && <p class="note">{words.logEmpty}</p>}
      {all.length > 0 && (
        <>
          <ol class="log" ref={lines} tabIndex={0} aria-label={words.log}>
            {all.map(({ time, kind, text }, at) => (
              <li key={`${at} ${time ?? ''} ${text}`} class={kind}>
                <time>{time === null ? '' : clockText(time)}</time>
                <span>{text}</span>
              </li>
            ))}
          </ol>
          <label class="option">
            <input type="checkbox" checked={isFollowing} onChange={() => setFollowing(!isFollowing)} />
            {words.followLog}
          </label>
        </>
      )}
    </>
  )
}

function clockText(iso: string): string {
  const time = new Date(iso)
  return Number.isNaN(time.getTime()) ? iso : time.toLocaleTimeString('en-GB')
}
