/**
 * zod, loaded when the first experiment is checked: programs that only train with `fit` never need
 * it.
 */
import { createRequire } from 'node:module'
import type * as Zod from 'zod'

let loaded: typeof Zod | undefined

export function zod(): typeof Zod {
  // What a package exports to `require` and to `import` is the same.
  loaded ??= createRequire(import.meta.url)('zod') as typeof Zod
  return loaded
}
