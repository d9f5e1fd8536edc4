/**
 * A Firefox of this machine, by its own protocol (Marionette): Playwright drives builds of its own alone, or the newest
 * Firefox.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Tab } from './in-page.js'

const START_MS = 60_000
const names = ['firefox', 'firefox-esr']
const ofMac = '/Applications/Firefox.app/Contents/MacOS/firefox'

/** The command that gets one. */
export const howToGetFirefox = 'apt-get install firefox-esr'

/** Where it is; undefined where there is none. */
export function findFirefox(): string | undefined {
  const { FIREFOX, PATH = '' } = process.env
  if (FIREFOX) return FIREFOX
  const folders = PATH.split(delimiter).filter((folder) => folder !== '')
  return [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ofMac].find(existsSync)
}

/** A free port is taken, and told by a file of the profile; its maker is asked for nothing. */
const preferences = {
  'marionette.port': 0,
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
}

export async function openFirefox(executablePath: string): Promise<{ readonly tab: Tab } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-firefox-'))
  const lines = Object.entries(preferences).map(
    (pair) => `user_pref(${pair.map((it) => JSON.stringify(it)).join()});\n`,
  )
  await writeFile(join(folder, 'user.js'), lines.join(''))
  const options = ['--headless', '--no-remote', '--marionette', '--profile', folder]
  const browser = spawn(executablePath, options, { stdio: 'ignore' })
  const ended = new Promise((resolve) => browser.once('close', resolve))
  const close = async () => {
    browser.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const ask = commandsOver(await connected(join(folder, 'MarionetteActivePort')))
    await ask('WebDriver:NewSession', { capabilities: { alwaysMatch: { timeouts: { script: 100_000 } } } })
    const tab: Tab = {
      goto: (url) => ask('WebDriver:Navigate', { url }),
      async evaluate(work, given) {
        const script = `const [given, done] = arguments
          Promise.resolve((${work.toString()})(given))
            .then((value) => ({ value }), (error) => ({ error: String(error) }))
            .then(done)`
        const { value } = await ask('WebDriver:ExecuteAsyncScript', { script, args: [given], sandbox: null })
        const outcome = value as { readonly value: never } | { readonly error: string }
        if ('error' in outcome) throw new Error(outcome.error)
        return outcome.value
      },
    }
    return { tab, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function connected(portFile: string): Promise<Socket> {
  for (const until = Date.now() + START_MS; Date.now() < until;) {
    const port = Number(await readFile(portFile, 'utf8').catch(() => ''))
    if (port > 0) return connect(port, '127.0.0.1')
    await delay(100)
  }
  throw new Error('Firefox did not start')
}

type Ask = (name: string, parameters: object) => Promise<{ readonly value: unknown }>

/** A message is its length in decimal, a colon and JSON: `[0, id, name, parameters]` or `[1, id, error, result]`. */
function commandsOver(socket: Socket): Ask {
  let received = Buffer.alloc(0)
  let numAsked = 0
  const waiting = new Map<unknown, { resolve(result: never): void; reject(error: Error): void }>()
  socket.on('data', (bytes) => {
    received = Buffer.concat([received, bytes])
    for (let colon = received.indexOf(':'); colon > 0; colon = received.indexOf(':')) {
      const end = colon + 1 + Number(received.toString('latin1', 0, colon))
      if (received.length < end) return
      const message: unknown = JSON.parse(received.toString('utf8', colon + 1, end))
      received = received.subarray(end)
      if (!Array.isArray(message)) continue
      const [, id, error, result] = message as [number, number, { readonly message: string } | null, never]
      if (error) waiting.get(id)?.reject(new Error(error.message))
      else waiting.get(id)?.resolve(result)
      waiting.delete(id)
    }
  })
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Firefox has ended'))
  })
  return (name, parameters) =>
    new Promise((resolve, reject) => {
      const message = JSON.stringify([0, ++numAsked, name, parameters])
      waiting.set(numAsked, { resolve, reject })
      socket.write(`${Buffer.byteLength(message)}:${message}`)
    })
}
