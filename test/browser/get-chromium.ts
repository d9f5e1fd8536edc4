/** Before the tests: gets a Chromium where there is none, into the folder for what can be had again. */
import { execSync } from 'node:child_process'
import { findChromium, howToGetIt } from './chromium.js'

export async function setup(): Promise<void> {
  if ((await findChromium()) !== undefined) return
  process.stdout.write(`No Chromium is here: ${howToGetIt}\n`)
  execSync(howToGetIt, { stdio: 'inherit' })
  if ((await findChromium()) === undefined) throw new Error('no Chromium is to be had here: name one by CHROMIUM')
}
