/**
 * Overrides of single fields, as `--set path=value` gives them.
 */
import { UserError } from '@gradpool/core'
import { checks } from '@gradpool/core/engine'
import { at } from './fields.js'
import { checkedTogether, complete, type ExperimentConfig } from './schema.js'

/**
 * The experiment with fields replaced, in the order given. Each override is `path=value`: the path as in `train.epochs`
 * or `stages[0].encoder` (or `stages.0.encoder`; a key with dots in it is `["*.bias"]`), the value JSON, or else a text
 * as it stands. A field of `train` may be named alone: `epochs=3`.
 *
 * @throws UserError for a path that leads nowhere, naming the fields that are there, and for a value that the field
 * does not allow.
 */
export function withOverrides(config: ExperimentConfig, overrides: readonly string[]): ExperimentConfig {
  const changed = overrides.reduce((current, override) => {
    const { path, value } = parseOverride(override)
    const next = replaced(current, inTrain(path, current), value, override)
    return complete(next, override)
  }, config)
  return checkedTogether(changed, overrides.join(' '))
}

/** The path to a field of `train` that was named alone. */
function inTrain(path: readonly (string | number)[], config: ExperimentConfig): readonly (string | number)[] {
  const [first = ''] = path
  return first in config ? path : ['train', ...path]
}

function parseOverride(override: string): { path: (string | number)[]; value: unknown } {
  const equals = override.indexOf('=')
  const path = keysOf(`.${override.slice(0, Math.max(equals, 0)).trim()}`)
  if (path === undefined) throw new UserError(`'${override}' must be path=value, such as train.epochs=3`)
  return { path, value: parseValue(override.slice(equals + 1)) }
}

/** A key after a dot, and one in brackets: a number, or a text in quotes with dots in it. */
const KEY = /\.([^.[\]]+)|\[(\d+)\]|\["([^"]+)"\]/y

/** Undefined where it is no path. */
function keysOf(path: string): (string | number)[] | undefined {
  const keys: (string | number)[] = []
  KEY.lastIndex = 0
  while (KEY.lastIndex < path.length) {
    const [, name, index, quoted] = KEY.exec(path) ?? []
    const key = name ?? index ?? quoted
    if (key === undefined) return undefined
    keys.push(quoted === undefined && /^\d+$/.test(key) ? Number(key) : key)
  }
  return keys.length > 0 ? keys : undefined
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A copy of `target` with the value at the path replaced; fields the schema does not know are found by it later. */
function replaced(
  target: unknown,
  path: readonly (string | number)[],
  value: unknown,
  override: string,
  where = '',
): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  const next = (inner: unknown) => replaced(inner, rest, value, override, at(where, key))
  if (Array.isArray(target)) {
    if (typeof key === 'number' && key < target.length) {
      return target.map((entry: unknown, i) => (i === key ? next(entry) : entry))
    }
    throw new UserError(
      `${override}: ${where} has entries 0 to ${target.length - 1}, as in ${where}[0]; there is no '${key}'`,
    )
  }
  if (typeof target === 'object' && target !== null) {
    return { ...target, [key]: next(Reflect.get(target, key)) }
  }
  if (target === undefined) return { [key]: next(undefined) }
  throw new UserError(`${override}: ${where} is ${checks.shown(target)}, which has no fields, so no '${key}'`)
}
