/** Calls of what `page.ts` has, in a page of any browser. */
import type { Page, Trained } from './page.js'

/** What a tab of each browser can do. */
export interface Tab {
  goto(url: string): Promise<unknown>
  /** What a function comes to in the page, which is sent there as text. */
  evaluate<T, G>(work: (given: G) => T | Promise<T>, given: G): Promise<T>
}

export interface TrainedThere extends Trained {
  readonly isIsolated: boolean
  /** The most Web Workers that were there at once. */
  readonly numWorkers: number
}

export async function trainIn(tab: Tab, ...given: Parameters<Page['train']>): Promise<TrainedThere> {
  return tab.evaluate(async (some) => {
    const { page, crossOriginIsolated = false } = globalThis as unknown as Global
    page.mostWorkers()
    const trained = await page.train(...some)
    return { ...trained, isIsolated: crossOriginIsolated, numWorkers: page.mostWorkers() }
  }, given)
}

export async function othersIn(tab: Tab): ReturnType<Page['others']> {
  return tab.evaluate(() => (globalThis as unknown as Global).page.others(), undefined)
}

export async function refusalsIn(tab: Tab): Promise<Readonly<Record<string, string>>> {
  return tab.evaluate(() => (globalThis as unknown as Global).page.refusals(), undefined)
}

interface Global {
  readonly page: Page
  readonly crossOriginIsolated?: boolean
}
