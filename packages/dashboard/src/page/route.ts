/** Which page is shown: the address after `#`, so that Back, reloading and links to it work. */
import { useEffect, useState } from 'preact/hooks'

export interface Route {
  /** `''` the runs, `run`, `compare`, `draw`, `queue`. */
  readonly page: string
  /** Of `run`: its name. */
  readonly id: string
  readonly query: URLSearchParams
}

export function routeOf(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2)
  const [page = '', ...rest] = path.split('/')
  return { page, id: decoded(rest.join('/')), query: new URLSearchParams(query) }
}

/** An address that someone typed may have `%` anywhere. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export function addressOf(page: string, id = '', query: URLSearchParams = new URLSearchParams()): string {
  const path = [page, ...(id === '' ? [] : [encodeURIComponent(id)])].join('/')
  const asked = query.toString()
  return `#/${path}${asked === '' ? '' : `?${asked}`}`
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash))
  useEffect(() => {
    const listener = () => setRoute(routeOf(location.hash))
    addEventListener('hashchange', listener)
    return () => removeEventListener('hashchange', listener)
  }, [])
  return route
}

/** Without a step for Back: what is typed into a search is no other page. */
export function replaceRoute(address: string): void {
  history.replaceState(null, '', address)
  dispatchEvent(new HashChangeEvent('hashchange'))
}
