/** What the native code of a platform is made from: kernels, the module of Node-API, and how they are compiled. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../environment.mjs'

const engine = join(root, 'packages', 'engine-cpu')
const folders = [join(engine, 'kernels'), join(engine, 'native'), import.meta.dirname]
const files = /\.[ch]$|^(compile|instruction-sets|platforms|run)\.mjs$|^requirements\.txt$/

/** `planVersion` says it to people, `sources` is a hash of all of it. */
export function sourcesHere() {
  const sum = createHash('sha256')
  for (const folder of folders) {
    for (const name of readdirSync(folder).sort()) {
      if (files.test(name)) sum.update(`${name}\0`).update(readFileSync(join(folder, name)))
    }
  }
  const plan = readFileSync(join(engine, 'kernels', 'plan.h'), 'utf8')
  const [, planVersion] = /^#define PLAN_VERSION (\d+)$/m.exec(plan) ?? []
  return { planVersion: Number(planVersion), sources: sum.digest('hex').slice(0, 16) }
}
