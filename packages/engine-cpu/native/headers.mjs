/** Node-API's headers in dist/include, from where the published package has them, too. */
import { cp } from 'node:fs/promises'
import { sourcesHere } from './compile.mjs'

/** From the package of headers, which this repository has and the published package needs no more. */
export async function placeHeaders() {
  const found = await import('node-api-headers').catch(() => undefined)
  if (found !== undefined) await cp(found.include_dir, sourcesHere.headers, { recursive: true })
}
