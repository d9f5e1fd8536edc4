/** Parsers of single option values. Each takes what was typed and throws a UserError that names the option. */
import { UserError } from '@gradpool/core'

type Parser<T> = (typed: string) => T

/** A whole number within limits. */
export function wholeNumber(option: string, low: number, high: number): Parser<number> {
  return (typed) => {
    const value = /^\d{1,15}$/.test(typed) ? Number(typed) : NaN
    if (value >= low && value <= high) return value
    throw new UserError(`${option} must be a whole number from ${low} to ${high}, not ${quoted(typed)}`)
  }
}

/** A number above 0. */
export function positiveNumber(option: string, high: number): Parser<number> {
  return (typed) => {
    const value = /^\d{1,15}(\.\d{1,15})?$/.test(typed) ? Number(typed) : NaN
    if (value > 0 && value <= high) return value
    throw new UserError(`${option} must be a number above 0 and at most ${high}, not ${quoted(typed)}`)
  }
}

/** One of a few words. */
export function oneOf<const T extends string>(option: string, allowed: readonly T[]): Parser<T> {
  return (typed) => {
    const found = allowed.find((value) => value === typed)
    if (found !== undefined) return found
    const choices = new Intl.ListFormat('en', { type: 'disjunction', style: 'narrow' }).format(allowed)
    throw new UserError(`${option} must be ${choices}, not ${quoted(typed)}`)
  }
}

/** Where to listen: `9100`, on this machine alone, or `0.0.0.0:9100`. */
export function listenAddress(option: string): Parser<{ readonly host: string; readonly port: number }> {
  return (typed) => {
    const [, v6, name, digits = ''] = /^(?:(?:\[([\da-f:.]+)\]|([\w.-]+)):)?(\d{1,5})$/i.exec(typed) ?? []
    const port = digits === '' ? NaN : Number(digits)
    if (port <= 65_535) return { host: v6 ?? name ?? '127.0.0.1', port }
    throw new UserError(`${option} must be a port, or HOST:PORT, not ${quoted(typed)}`)
  }
}

/** Names apart by commas. */
export function names(option: string): Parser<readonly string[]> {
  return (typed) => {
    const all = typed.split(',').map((name) => name.trim())
    if (all.every((name) => /^[^\s/]+$/.test(name))) return all
    throw new UserError(`${option} must be names apart by commas, not ${quoted(typed)}`)
  }
}

/** A word, or several. */
export function text(option: string, what: string): Parser<string> {
  return path(option, what)
}

/** The path of a folder. */
export function folder(option: string): Parser<string> {
  return path(option, 'the path of a folder')
}

/** The path of a file. */
export function file(option: string): Parser<string> {
  return path(option, 'the path of a file')
}

/** The path of either. */
export function fileOrFolder(option: string): Parser<string> {
  return path(option, 'the path of a file or a folder')
}

/** What can be imported: the name of a package, or the path of a file. */
export function module(option: string): Parser<string> {
  return path(option, 'a module')
}

function path(option: string, what: string): Parser<string> {
  return (typed) => {
    if (typed.trim() !== '' && !typed.includes('\0')) return typed
    throw new UserError(`${option} must be ${what}, not ${quoted(typed)}`)
  }
}

/** `path=value`, gathered over all times the option is given. */
export function assignment(typed: string, before: readonly string[] = []): readonly string[] {
  const at = typed.indexOf('=')
  if (at > 0 && typed.slice(0, at).trim() !== '') return [...before, typed]
  throw new UserError(`--set must be path=value, such as train.batchSize=32, not ${quoted(typed)}`)
}

export function quoted(typed: string): string {
  return typed === '' ? 'nothing' : `'${typed}'`
}
