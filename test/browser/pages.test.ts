/** Trainings in pages that are isolated and not, on several Web Workers, and without fused multiply-add. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bundled, bundlePage } from './bundle.js'
import { findChromium, open } from './chromium.js'
import { othersIn, refusalsIn, trainIn } from './in-page.js'
import { serve } from './served.js'
import { others, train, type Trained } from './training.js'

let executable = ''
let bundled: Bundled
let node: Trained

beforeAll(async () => {
  executable = (await findChromium()) ?? ''
  bundled = await bundlePage()
  node = await train('wide', 1)
})

afterAll(() => bundled[Symbol.asyncDispose]())

/** Opens the page, and does something with it; nothing may go wrong there. */
async function inPage<T>(
  {
    isIsolated = true,
    args = [],
    before = () => undefined,
  }: {
    readonly isIsolated?: boolean
    readonly args?: readonly string[]
    /** Runs in the page before anything else. */
    readonly before?: () => void
  },
  work: (tab: Parameters<typeof trainIn>[0]) => Promise<T>,
): Promise<T> {
  await using served = await serve(bundled.folder, { isIsolated })
  await using opened = await open(executable, { args })
  await opened.tab.addInitScript(before)
  await opened.tab.goto(served.url)
  const result = await work(opened.tab)
  expect(opened.errors).toEqual([])
  return result
}

/** As Safari is. The flag for it is gone from V8: only the two builds for such browsers are valid. */
function withoutRelaxedSimd(): void {
  const validate = WebAssembly.validate.bind(WebAssembly)
  // Opcodes of relaxed SIMD: 0xfd, then 0x105 for a multiply-add, in LEB128.
  const isRelaxed = (bytes: Uint8Array) =>
    bytes.some((byte, i) => byte === 0xfd && bytes[i + 1] === 0x85 && bytes[i + 2] === 0x02)
  WebAssembly.validate = (bytes) => !isRelaxed(new Uint8Array(bytes as ArrayBuffer)) && validate(bytes)
}

describe('a training gives the bits of Node', () => {
  it('on one Web Worker and on four', async () => {
    await inPage({}, async (tab) => {
      const one = await trainIn(tab, 'wide', 1)
      expect(one).toEqual({ ...node, isIsolated: true, numWorkers: 1 })
      const four = await trainIn(tab, 'wide', 4)
      expect(four).toMatchObject({ ...node, isIsolated: true })
      expect(four.numWorkers).toBeGreaterThanOrEqual(4)
    })
  })

  it('in a page that is not isolated, without Web Workers', async () => {
    const there = await inPage({ isIsolated: false }, (tab) => trainIn(tab, 'wide', 4))
    expect(there).toEqual({ ...node, isIsolated: false, numWorkers: 0 })
  })

  it.each([
    ['where WebAssembly has no relaxed SIMD', { before: withoutRelaxedSimd }],
    ['on a CPU without fused multiply-add', { args: ['--js-flags=--no-enable-fma3'] }],
  ])('%s', async (_, given) => {
    await inPage(given, async (tab) => {
      const loaded: string[] = []
      tab.on('response', (response) => loaded.push(new URL(response.url()).pathname))
      expect(await trainIn(tab, 'wide', 2)).toMatchObject({ ...node, isIsolated: true })
      expect(loaded).toContain('/kernels-emulated.wasm')
    })
  })
})

it.each([true, false])('other ways to train give the bits of Node, too; isolated: %s', async (isIsolated) => {
  expect(await inPage({ isIsolated }, othersIn)).toEqual(await others())
})

it('says which file of threads cannot be loaded', async () => {
  await using served = await serve(bundled.folder, { isIsolated: true })
  await using opened = await open(executable)
  await opened.tab.route('**/gradpool-worker.js', (route) => route.fulfill({ status: 404 }))
  await opened.tab.goto(served.url)
  await expect(trainIn(opened.tab, 'small', 1)).rejects.toThrow(/gradpool-worker\.js' cannot be loaded/)
})

it('what cannot be in a browser is refused in a sentence', async () => {
  expect(await inPage({}, refusalsIn)).toMatchInlineSnapshot(`
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
