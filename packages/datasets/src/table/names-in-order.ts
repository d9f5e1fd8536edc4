import { numberIn } from './numbers.js'

/** Numbers by size, texts by their characters: the order in which classes are numbered. */
export function namesInOrder(names: readonly string[]): readonly string[] {
  const isNumeric = names.every((name) => typeof numberIn(name) === 'number')
  return isNumeric ? names.toSorted((a, b) => Number(a) - Number(b)) : names.toSorted((a, b) => (a < b ? -1 : 1))
}
