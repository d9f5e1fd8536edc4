/** What axe-core finds wrong with a page for those who do not see it, or use no mouse. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page as Tab } from 'playwright-core'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string }[]
}

/** Axe-core is put into the page past its policy. */
export async function violations(tab: Tab): Promise<readonly string[]> {
  await tab.evaluate(axe)
  const found = await tab.evaluate<readonly Violation[]>('axe.run().then(({ violations }) => violations)')
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}
