/**
 * A page trains to Node's bits: one page, one training, in a Chromium of this machine. The rest is in `browser/`, by
 * `npm run test:browser`.
 */
import { expect, it } from 'vitest'
import { bundlePage } from './browser/bundle.js'
import { findChromium, howToGetIt, open, tabOf } from './browser/chromium.js'
import { trainIn } from './browser/in-page.js'
import { serve } from './browser/served.js'
import { train } from './browser/training.js'

it('asks for no module of Node by an import', async () => {
  await using bundled = await bundlePage()
  expect(bundled.text).not.toMatch(/(?:from|import|require)\s*\(?\s*["'](?:node:|fs|path|os|crypto|worker_threads)/)
})

const executable = await findChromium()
if (executable === undefined) {
  console.log(`SKIPPED: no Chromium is here; \`${howToGetIt}\` gets one, or CHROMIUM names it`)
}

it.skipIf(executable === undefined)('trains in a page to the bits of Node', async () => {
  await using bundled = await bundlePage()
  await using served = await serve(bundled.folder, { isIsolated: true })
  await using opened = await open(executable ?? '')
  const { tab, errors } = opened
  await tab.goto(served.url)
  const there = await trainIn(tabOf(opened), 'small', 1)
  expect(there).toEqual({ ...(await train('small', 1)), isIsolated: true, numWorkers: 1 })
  expect(there.again).toEqual(there.estimate)
  expect(errors).toEqual([])
})
