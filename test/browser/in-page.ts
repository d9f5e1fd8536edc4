/** Calls of what `page.ts` has, in a page. */
import type { Page as Tab } from 'playwright-core'
import type { Page, Trained } from './page.js'

export interface TrainedThere extends Trained {
  readonly isIsolated: boolean
  /** The most Web Workers that were there at once. */
  readonly numWorkers: number
}

export async function trainIn(tab: Tab, ...given: Parameters<Page['train']>): Promise<TrainedThere> {
  await ready(tab)
  let numWorkers = 0
  const count = () => (numWorkers = Math.max(numWorkers, tab.workers().length))
  tab.on('worker', count)
  const trained = await tab.evaluate(async (some) => {
    const { page, crossOriginIsolated = false } = globalThis as unknown as Global
    return { ...(await page.train(...some)), isIsolated: crossOriginIsolated }
  }, given)
  tab.off('worker', count)
  return { ...trained, numWorkers }
}

export async function othersIn(tab: Tab): ReturnType<Page['others']> {
  await ready(tab)
  return tab.evaluate(() => (globalThis as unknown as Global).page.others())
}

export async function refusalsIn(tab: Tab): Promise<Readonly<Record<string, string>>> {
  await ready(tab)
  return tab.evaluate(() => (globalThis as unknown as Global).page.refusals())
}

interface Global {
  readonly page: Page
  readonly crossOriginIsolated?: boolean
}

async function ready(tab: Tab): Promise<void> {
  await tab.waitForFunction(() => 'page' in globalThis)
}
