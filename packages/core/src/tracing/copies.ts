/**
 * Copies of this package in one process. Each traces by itself: ops of one know nothing of a model that another traces,
 * so where they meet, the error has to name them.
 */

/** The places of the copies that trace, innermost last; the same list for all copies, of any version. */
const KEY = Symbol.for('@gradpool/core: traces in progress')

function tracing(): string[] {
  const known: unknown = Reflect.get(globalThis, KEY)
  if (Array.isArray(known)) return known as string[]
  const places: string[] = []
  Reflect.set(globalThis, KEY, places)
  return places
}

/** In a bundle, a module may not know where it is. */
export function placeOf(moduleUrl: string | undefined): string {
  const file = moduleUrl?.replace(/^file:\/\//, '') ?? 'a bundle'
  return file.replace(/[\\/](?:src|dist)[\\/](?!.*[\\/](?:src|dist)[\\/]).*$/s, '')
}

const here = () => placeOf(import.meta.url)

export function traceBegins(): void {
  tracing().push(here())
}

export function traceEnds(): void {
  tracing().pop()
}

/** What there is to say where an op is called while another copy traces; undefined where none does. */
export function otherCopy(): string | undefined {
  const other = tracing().at(-1)
  return other === undefined
    ? undefined
    : `two copies of @gradpool/core meet: this op is of ${here()}, and the model is traced by ${other}; npm ls @gradpool/core says who brings them, and equal versions, then npm dedupe, make them one`
}
