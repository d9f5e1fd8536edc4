/** A Chromium of this machine, or one that `npm run test:browser` got from npm. */
import { cacheFolder } from '@gradpool/storage'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import type { Tab } from './in-page.js'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const ofMac = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

/** What of npm's has a Chromium for Linux on x64. */
const fromNpm = { name: '@sparticuz/chromium', folder: join(cacheFolder(), 'chromium') }

/** The command that gets one. */
export const howToGetIt = `npm install --prefix ${fromNpm.folder} ${fromNpm.name}`

/** Where it is; undefined where there is none. */
export async function findChromium(): Promise<string | undefined> {
  const { CHROMIUM, PATH = '' } = process.env
  if (CHROMIUM) return CHROMIUM
  const folders = PATH.split(delimiter).filter((folder) => folder !== '')
  const installed = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ofMac].find(existsSync)
  if (installed !== undefined) return installed
  const require = createRequire(join(fromNpm.folder, 'package.json'))
  try {
    const { default: package_ } = (await import(pathToFileURL(require.resolve(fromNpm.name)).href)) as {
      readonly default: { executablePath(): Promise<string> }
    }
    return await package_.executablePath()
  } catch {
    return undefined
  }
}

// Without a sandbox it runs as root, too, and it asks no server of its maker for anything.
const options = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Opened extends AsyncDisposable {
  readonly context: BrowserContext
  readonly tab: Page
  /** What went wrong in the page, or was told as an error. */
  readonly errors: readonly string[]
}

/** A window of a browser with nothing of any other in it. */
export async function open(
  executablePath: string,
  {
    args = [],
    ...context
  }: { readonly args?: readonly string[] } & Pick<
    NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>,
    'viewport' | 'colorScheme' | 'bypassCSP' | 'hasTouch' | 'isMobile' | 'deviceScaleFactor' | 'serviceWorkers'
  > = {},
): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-chromium-'))
  const browser = await chromium.launchPersistentContext(folder, {
    executablePath,
    args: [...options, ...args],
    ...context,
  })
  const [tab = await browser.newPage()] = browser.pages()
  const errors: string[] = []
  tab.on('pageerror', (error) => errors.push(String(error.stack)))
  tab.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  return {
    context: browser,
    tab,
    errors,
    async [Symbol.asyncDispose]() {
      await browser.close()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export function tabOf({ tab }: Opened): Tab {
  return {
    goto: (url) => tab.goto(url),
    evaluate: <T, G>(work: (given: G) => T | Promise<T>, given: G) =>
      tab.evaluate(work as (given: unknown) => T | Promise<T>, given),
  }
}
