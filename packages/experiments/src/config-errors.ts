/**
 * What a schema finds wrong, as one sentence: the field's path, what is allowed, what was found.
 *
 *     narrow_code: stages[1].encoder must be 'none', 'fineTuned' or 'frozen', not 'freezed'
 */
import { UserError } from '@gradpool/core'
import { beginningOf } from '@gradpool/core/engine'
import type { z } from 'zod'
import { nearest } from '@gradpool/trainer/plan'
import { zod } from './zod.js'

/** Stands for a field's path in the sentence of what checks it, which does not know it. */
const PATH = '{path}'

/** A strict object whose error names the fields that it does have. */
export function fields<Shape extends z.core.$ZodShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape)
  return zod().strictObject(shape, {
    error(issue) {
      if (issue.code !== 'unrecognized_keys') return undefined
      const [unknown = ''] = issue.keys as readonly string[]
      return noSuchField(unknown, known)
    },
  })
}

/** A whole number from `least` on. */
export function whole(least: number): z.ZodInt {
  const allowed = `a whole number of at least ${least}`
  return zod().int(allowed).min(least, allowed)
}

/**
 * A part that is checked elsewhere.
 *
 * @param parse Throws a UserError; `where` is the path of the part, for its message.
 */
export function checkedBy<Input, Output>(parse: (value: unknown, where: string) => Output) {
  const { z } = zod()
  return z.custom<Input>().transform((value, context): Output => {
    try {
      return parse(value, PATH)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      context.issues.push({ code: 'custom', input: value, message: error.message })
      return z.NEVER
    }
  })
}

/** `has no field 'epoch'; did you mean 'epochs'? Its fields are …` */
export function noSuchField(unknown: string, known: readonly string[]): string {
  const guess = nearest(unknown, known)
  const hint = guess === undefined ? '' : ` (did you mean '${guess}'?)`
  return `has no field '${beginningOf(unknown)}'${hint}; its fields are ${known.join(', ')}`
}

/**
 * The value as the schema makes it.
 *
 * @param where Comes before the path in messages: the experiment's name.
 * @throws UserError for the first thing that is wrong.
 */
export function parseWith<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new UserError(`${where}: ${issue ? sentence(issue, value) : 'the configuration is wrong'}`)
}

function sentence(issue: z.core.$ZodIssue, root: unknown): string {
  const path = pathText(issue.path)
  const subject = path === '' ? 'an experiment' : path
  if (issue.code === 'unrecognized_keys') return `${subject} ${issue.message}`
  if (issue.code === 'custom') {
    const { message } = issue
    return message.includes(PATH) ? message.replaceAll(PATH, subject) : `${subject} ${message}`
  }
  const inner = innerIssue(issue)
  if (inner !== undefined) return sentence(inner, root)
  const found = valueAt(root, issue.path)
  if (found === undefined) return `${subject} is missing; it must be ${allowed(issue)}`
  return `${subject} must be ${allowed(issue)}, not ${valueText(found)}`
}

/** Of a union, the first issue inside of the alternative that was meant: the one whose type fits. */
function innerIssue(issue: z.core.$ZodIssue): z.core.$ZodIssue | undefined {
  if (issue.code !== 'invalid_union') return undefined
  const inner = issue.errors.flat().find(({ path, code }) => path.length > 0 || code === 'unrecognized_keys')
  return inner && { ...inner, path: [...issue.path, ...inner.path] }
}

/** In words, what would be allowed. A schema's own message, in small letters, says it better than zod's. */
function allowed(issue: z.core.$ZodIssue): string {
  if (/^[a-z]/.test(issue.message)) return issue.message
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? `a ${issue.expected}`
    case 'invalid_value':
      return alternatives(issue.values.map(valueText))
    case 'too_small':
      return bound(issue, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)
    case 'too_big':
      return bound(issue, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)
    case 'invalid_union':
      return allowedOfUnion(issue)
    default:
      return issue.message
  }
}

const typeNames: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a text',
}

function allowedOfUnion(issue: z.core.$ZodIssueInvalidUnion): string {
  if ('options' in issue) return alternatives(issue.options.map(valueText))
  const each = issue.errors.flatMap(([first]) => (first === undefined ? [] : [allowed(first)]))
  return alternatives([...new Set(each)])
}

function bound(issue: { readonly origin: string }, comparison: string, limit: number | bigint): string {
  if (issue.origin === 'array') return `a list of ${comparison} ${limit}`
  if (issue.origin === 'string') return `a text of ${comparison} ${limit} letters`
  return `a number of ${comparison} ${limit}`
}

function alternatives(choices: readonly string[]): string {
  if (choices.length < 2) return choices.join('')
  return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`
}

/** `stages[1].train.epochs` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    root,
  )
}

/** A value as it would be written in a configuration, cut short where it is long. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return `'${beginningOf(value)}'`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) {
    const text = JSON.stringify(value)
    return text.length > 60 ? `${text.slice(0, 57)}...` : text
  }
  return String(value)
}
