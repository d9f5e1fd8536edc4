/// <reference lib="dom" />
/**
 * Trainings in pages that are isolated and not, on several Web Workers, and without fused multiply-add: in each browser
 * that is here.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bundled, bundlePage } from './bundle.js'
import { findChromium, open, tabOf } from './chromium.js'
import { findFirefox, howToGetFirefox, openFirefox } from './firefox.js'
import { othersIn, refusalsIn, type Tab, trainIn } from './in-page.js'
import { serve } from './served.js'
import { others, train, type Trained } from './training.js'

let bundled: Bundled
let node: Trained

beforeAll(async () => {
  bundled = await bundlePage()
  node = await train('wide', 1)
})

afterAll(() => bundled[Symbol.asyncDispose]())

type Work<T> = (tab: Tab) => Promise<T>

const inChromium = (args: readonly string[]) =>
  async function inIt<T>(work: Work<T>): Promise<T> {
    await using opened = await open((await findChromium()) ?? '', { args })
    const result = await work(tabOf(opened))
    expect(opened.errors).toEqual([])
    return result
  }

async function inFirefox<T>(work: Work<T>): Promise<T> {
  await using opened = await openFirefox(findFirefox() ?? '')
  return await work(opened.tab)
}

const firefoxIsHere = findFirefox() !== undefined
if (!firefoxIsHere) console.log(`SKIPPED: no Firefox is here; \`${howToGetFirefox}\` gets one, or FIREFOX names it`)

/** The paths of what the page has loaded. */
const loaded = () => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)

interface Browser {
  readonly name: string
  readonly isHere: boolean
  /** In a window of its own. */
  readonly inIt: <T>(work: Work<T>) => Promise<T>
}

describe.each<Browser>([
  { name: 'Chromium', isHere: true, inIt: inChromium([]) },
  { name: 'Firefox', isHere: firefoxIsHere, inIt: inFirefox },
])('in $name', ({ isHere, inIt }) => {
  const inPage = async <T>(isIsolated: boolean, work: Work<T>, search = ''): Promise<T> => {
    await using served = await serve(bundled.folder, { isIsolated })
    return await inIt(async (tab) => {
      await tab.goto(`${served.url}${search}`)
      return work(tab)
    })
  }

  it.runIf(isHere)('a training gives the bits of Node, on one Web Worker and on four', async () => {
    await inPage(true, async (tab) => {
      const one = await trainIn(tab, 'wide', 1)
      expect(one).toEqual({ ...node, isIsolated: true, numWorkers: 1 })
      const four = await trainIn(tab, 'wide', 4)
      expect(four).toMatchObject({ ...node, isIsolated: true })
      expect(four.numWorkers).toBeGreaterThanOrEqual(4)
    })
  })

  it.runIf(isHere)('and in a page that is not isolated, without Web Workers', async () => {
    const there = await inPage(false, (tab) => trainIn(tab, 'wide', 4))
    expect(there).toEqual({ ...node, isIsolated: false, numWorkers: 0 })
  })

  it.runIf(isHere)('and where WebAssembly has no relaxed SIMD', async () => {
    const work = async (tab: Tab) => {
      expect(await trainIn(tab, 'wide', 2)).toMatchObject({ ...node, isIsolated: true })
      expect(await tab.evaluate(loaded, undefined)).toContain('/kernels-emulated.wasm')
    }
    await inPage(true, work, '?without-relaxed-simd')
  })

  it.runIf(isHere).each([true, false])('other ways to train give them, too; isolated: %s', async (isIsolated) => {
    expect(await inPage(isIsolated, othersIn)).toEqual(await others())
  })

  it.runIf(isHere)('what cannot be in a browser is refused in a sentence', async () => {
    expect(await inPage(true, refusalsIn)).toMatchInlineSnapshot(`
      {
        "files": "UserError: there are no files in a browser: give what is in them, as arrays, bytes or a Blob (docs/browser.md)",
        "folder": "UserError: there are no files in a browser: give what is in them, as arrays, bytes or a Blob (docs/browser.md)",
        "mnist": "UserError: mnist() reads an installed package, and a browser has none: give its images to arrays()",
        "model": "UserError: there are no files in a browser: give what is in them, as arrays, bytes or a Blob (docs/browser.md)",
        "native": "UserError: the engine 'native' is not in browsers; the engine 'wasm' gives the same results",
        "tensorflow": "UserError: the engine 'tensorflow' is not in browsers: use 'auto', which trains on the CPU there, too",
      }
    `)
  })
})

describe('in Chromium alone', () => {
  it('a training gives the bits of Node on a CPU without fused multiply-add', async () => {
    await using served = await serve(bundled.folder, { isIsolated: true })
    await inChromium(['--js-flags=--no-enable-fma3'])(async (tab) => {
      await tab.goto(served.url)
      expect(await trainIn(tab, 'wide', 2)).toMatchObject({ ...node, isIsolated: true })
      expect(await tab.evaluate(loaded, undefined)).toContain('/kernels-emulated.wasm')
    })
  })

  it('says which file of threads cannot be loaded', async () => {
    await using served = await serve(bundled.folder, { isIsolated: true })
    await using opened = await open((await findChromium()) ?? '')
    await opened.tab.route('**/gradpool-worker.js', (route) => route.fulfill({ status: 404 }))
    await opened.tab.goto(served.url)
    await expect(trainIn(tabOf(opened), 'small', 1)).rejects.toThrow(/gradpool-worker\.js' cannot be loaded/)
  })
})
