/** From one part of a long list to the next. */
import { useShell } from '../shell.js'

interface Props {
  readonly total: number
  readonly offset: number
  readonly limit: number
  readonly onOffset: (offset: number) => void
}

export function Pager({ total, offset, limit, onOffset }: Props) {
  const { words } = useShell()
  if (total <= limit) return null
  const last = Math.floor((total - 1) / limit) * limit
  const go = (to: number) => {
    onOffset(Math.max(0, Math.min(last, to)))
    scrollTo({ top: 0 })
  }
  return (
    <nav class="pager" aria-label={words.page}>
      <button type="button" disabled={offset === 0} onClick={() => go(offset - limit)}>
        ← {words.previous}
      </button>
      <span>
        {offset + 1}–{Math.min(total, offset + limit)} {words.rowsOf} {total.toLocaleString('en')}
      </span>
      <button type="button" disabled={offset >= last} onClick={() => go(offset + limit)}>
        {words.next} →
      </button>
    </nav>
  )
}
