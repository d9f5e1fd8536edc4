/**
 * The fields of a configuration as tables: how each is taken, and what it is where it is left out.
 *
 *     narrow_code: stages[1].encoder must be 'none', 'fineTuned' or 'frozen', not 'freezed'
 */
import { beginningOf, checks, FieldError } from '@gradpool/core/engine'
import { nearest } from '@gradpool/trainer/plan'

/**
 * Checks a value, and gives it with its defaults filled in; undefined where it is complete as it stands.
 *
 * @throws UserError whose message begins with the path
 */
export type Take = (value: unknown, path: string) => unknown

/** How a field is taken, and for one that may be left out what it is then: undefined where it stays out. */
export type Field = readonly [take: Take, byDefault?: unknown]

/** An object of these fields and no others, so that a misspelt one is an error and never a silent default. */
export function fields(table: Readonly<Record<string, Field>>): Take {
  const known = Object.keys(table)
  return (value, path) => {
    if (!checks.isRecord(value)) throw checks.refusal('an object', value, path)
    const unknown = Object.keys(value).find((name) => !known.includes(name))
    if (unknown !== undefined) throw new FieldError(path, noSuchField(unknown, known))
    const taken = Object.entries(table).flatMap(([name, [take, ...byDefault]]) => {
      const given = value[name] === undefined ? byDefault[0] : value[name]
      return given === undefined && byDefault.length > 0 ? [] : [[name, take(given, at(path, name)) ?? given] as const]
    })
    return Object.fromEntries(taken)
  }
}

/** An object whose `kind` tells which fields it has. */
export function kinds(tables: Readonly<Record<string, Readonly<Record<string, Field>>>>): Take {
  const kind = checks.oneOf(...Object.keys(tables))
  return (value, path) => {
    if (!checks.isRecord(value)) throw checks.refusal('an object', value, path)
    kind(value.kind, at(path, 'kind'))
    return fields({ kind: [kind], ...tables[String(value.kind)] })(value, path)
  }
}

/** One check after the other. */
export function all(...each: readonly checks.Check[]): checks.Check {
  return (value, path) => {
    for (const check of each) check(value, path)
  }
}

export function list(take: Take, least = 0): Take {
  return (value, path) => {
    if (!Array.isArray(value)) throw checks.refusal('a list', value, path)
    if (value.length < least) throw checks.refusal(`a list of at least ${least}`, value, path)
    return value.map((each: unknown, i) => take(each, at(path, i)) ?? each)
  }
}

/** `stages[1].train.epochs` */
export function at(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`
  return path === '' ? key : `${path}.${key}`
}

function noSuchField(unknown: string, known: readonly string[]): string {
  const guess = nearest(unknown, known)
  const hint = guess === undefined ? '' : ` (did you mean '${guess}'?)`
  return `has no field '${beginningOf(unknown)}'${hint}; its fields are ${known.join(', ')}`
}
