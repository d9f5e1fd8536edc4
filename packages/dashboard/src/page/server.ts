/** What the page asks the server. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

/** The server answered, but not with what was asked for. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

/** The server did not answer. */
export class Unreachable extends Error {}

let onNoToken: () => void = () => undefined

/** Called whenever the server asks for a token. */
export function whenNoToken(listener: () => void): void {
  onNoToken = listener
}

let onLost: (isLost: boolean) => void = () => undefined

/** Called whenever the server does not answer, or does. */
export function whenLost(listener: (isLost: boolean) => void): void {
  onLost = listener
}

interface Asking {
  readonly body?: unknown
  readonly signal?: AbortSignal
}

/** @throws Refusal, Unreachable */
export async function get<T>(path: string, { signal }: Asking = {}): Promise<T> {
  return answerOf(path, { signal })
}

/** @throws Refusal, Unreachable */
export async function post<T>(path: string, { body, signal }: Asking = {}): Promise<T> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  return answerOf(path, { method: 'POST', signal, ...sent })
}

/** Whether it is the token. @throws Unreachable */
export async function signIn(token: string): Promise<boolean> {
  const response = await ask('api/session', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
  return response.ok
}

async function answerOf<T>(path: string, init: Omit<RequestInit, 'signal'> & { signal: AbortSignal | undefined }) {
  const { signal, ...rest } = init
  const response = await ask(path, { ...rest, signal: signal ?? null })
  if (response.status === 401) onNoToken()
  if (!response.ok) throw new Refusal(response.status, await sentenceOf(response))
  // The server is of the same version as the page.
  return (await response.json()) as T
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  try {
    const response = await fetch(path, init)
    onLost(false)
    return response
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    onLost(true)
    throw new Unreachable('the server does not answer', { cause: error })
  }
}

async function sentenceOf(response: Response): Promise<string> {
  const told: unknown = await response.json().catch(() => undefined)
  if (typeof told === 'object' && told !== null && 'error' in told && typeof told.error === 'string') return told.error
  return `${response.status} ${response.statusText}`.trim()
}

export interface Asked<T> {
  /** The last answer, also while another is awaited. */
  readonly value: T | undefined
  readonly error: Error | undefined
  readonly isAsking: boolean
  readonly again: () => void
}

/**
 * The answer to a path, asked again whenever the path changes. Null asks nothing.
 *
 * @param isPolled Asked again and again, while somebody sees the page.
 */
export function useAnswer<T>(path: string | null, { isPolled = false } = {}): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, 'again'>>({ value: undefined, error: undefined, isAsking: true })
  const [times, setTimes] = useState(0)
  useEffect(() => {
    if (path === null) return undefined
    const abort = new AbortController()
    setState((before) => ({ ...before, isAsking: true }))
    get<T>(path, { signal: abort.signal }).then(
      (value) => setState({ value, error: undefined, isAsking: false }),
      (error: unknown) => {
        if (abort.signal.aborted) return
        setState((before) => ({ ...before, error: errorOf(error), isAsking: false }))
      },
    )
    return () => abort.abort()
  }, [path, times])
  const again = useCallback(() => setTimes((before) => before + 1), [])
  // One that was lost is asked again without anybody's doing.
  const isDue = !state.isAsking && (isPolled || state.error instanceof Unreachable)
  useEffect(() => {
    if (!isDue) return undefined
    const once = { once: true }
    const next = () => (document.hidden ? document.addEventListener('visibilitychange', next, once) : again())
    const timer = setTimeout(next, AGAIN_MS)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', next)
    }
  }, [isDue])
  return { ...state, again }
}

const AGAIN_MS = 2000

export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** Whether messages come. */
export type Link = 'opening' | 'open' | 'lost'

/** Told in the place of messages that may have been missed: the connection was lost, and is there again. */
export const AGAIN = 'again'

/**
 * Messages of the server, by the names of their kinds. Null listens to nothing, and so does a page that nobody sees.
 */
export function useMessages(
  path: string | null,
  kinds: readonly string[],
  onMessage: (kind: string, data: string) => void,
): Link {
  const [link, setLink] = useState<Link>('opening')
  const latest = useRef(onMessage)
  latest.current = onMessage
  useEffect(() => {
    if (path === null) return undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let source: EventSource | undefined
    let isFirst = true
    const close = () => {
      clearTimeout(timer)
      source?.close()
      source = undefined
    }
    const open = () => {
      close()
      const opened = new EventSource(path)
      source = opened
      opened.addEventListener('open', () => {
        setLink('open')
        if (!isFirst) latest.current(AGAIN, '')
        isFirst = false
      })
      opened.addEventListener('error', () => {
        setLink('lost')
        // It tries again by itself, unless it was refused.
        if (opened.readyState !== EventSource.CLOSED) return
        get('api/about').catch(() => undefined)
        timer = setTimeout(open, AGAIN_MS)
      })
      for (const kind of kinds) {
        opened.addEventListener(kind, ({ data }: MessageEvent<string>) => latest.current(kind, data))
      }
    }
    const onVisibility = () => {
      if (document.hidden) close()
      else open()
    }
    document.addEventListener('visibilitychange', onVisibility)
    onVisibility()
    return () => {
      document.removeEventListener('visibilitychange', onVisibility)
      close()
    }
  }, [path])
  return link
}
