/** Predictions as people and programs read them. */
import { type Shape } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { type Inputs } from '../prediction/inputs.js'
import { gridOf } from './grid.js'
import { type Outlet } from './outlet.js'
import { visibleIn } from './visible-in.js'

/** By output, of all rows. */
export type Predicted = Readonly<Record<string, ArrayLike<number>>>

/** More classes than that are not told one by one. */
const MOST_CLASSES = 10
/** Of those of several rows. */
const MOST_OF_A_ROW = 3
const MOST_VALUES = 6

export interface Predictions {
  readonly outputs: Inputs
  readonly predicted: Predicted
  readonly numRows: number
  /** Of the classes, in the order of their numbers, where they have any. */
  readonly classNames?: readonly string[] | undefined
  /** Of tokens, where the model is of a text. */
  readonly textOf?: ((tokens: readonly number[]) => string) | undefined
  /** What each row was read from, where that is a file of its own. */
  readonly files?: readonly string[] | undefined
}

/** A JSON object for each row; arrays are nested by their shapes, classes told by their names, and tokens as a text. */
export function predictionLines({ outputs, predicted, numRows, files, ...words }: Predictions): string[] {
  return Array.from({ length: numRows }, (_, row) => {
    const values = Object.entries(outputs).map(([name, type]) => {
      const numbers = ofRow(predicted[name], row, type.shape)
      return [name, inWords(name, type, numbers, words) ?? nested(numbers.map(exact), type.shape)]
    })
    return JSON.stringify({ ...(files && { file: files[row] }), ...Object.fromEntries(values) })
  })
}

/** A line for each row, with a column for each number, below their names. */
export function predictionTable({ outputs, predicted, numRows, files, ...words }: Predictions): string[] {
  const { classNames } = words
  const header = Object.entries(outputs).flatMap(([name, type]) => {
    const { shape } = type
    if (shape.length === 0 || isText(name, type, words)) return [name]
    return Array.from({ length: sizeOf(shape) }, (_, at) => `${name}.${namesOf(shape, classNames)?.[at] ?? at}`)
  })
  const rows = Array.from({ length: numRows }, (_, row) =>
    Object.entries(outputs).flatMap(([name, type]) => {
      const numbers = ofRow(predicted[name], row, type.shape)
      return inWords(name, type, numbers, words) ?? numbers.map((value) => String(exact(value)))
    }),
  )
  const named = files ? [['file', ...header], ...rows.map((cells, row) => [files[row] ?? '', ...cells])] : undefined
  return (named ?? [header, ...rows]).map((cells) => cells.map(quoted).join(','))
}

/** One row as a list, several as a table. */
export function printPredictions(outlet: Outlet, { outputs, predicted, numRows, files, ...words }: Predictions): void {
  const { printColoured: print, colours } = outlet
  const columns = outlet.columns()
  const names = Object.keys(outputs)
  const partsOf = (name: string, row: number, most: number) => {
    const type = outputs[name]
    const numbers = ofRow(predicted[name], row, type?.shape ?? [])
    const own = type && inWords(name, type, numbers, words)
    if (own !== undefined) return [own]
    return valueTexts(name, numbers, { shape: type?.shape ?? [], most, classNames: words.classNames })
  }
  if (numRows === 1) {
    const rows = names.flatMap((name) => partsOf(name, 0, MOST_CLASSES).map((part, at) => [at === 0 ? name : '', part]))
    const file = files ? [['file', files[0] ?? '']] : []
    print(gridOf(['output', 'value'], visibleIn([...file, ...rows]), { columns, colours, right: [] }))
    return
  }
  const rows = Array.from({ length: numRows }, (_, row) => {
    return [files?.[row] ?? String(row), ...names.map((name) => partsOf(name, row, MOST_OF_A_ROW).join(', '))]
  })
  const first = files ? 'file' : 'row'
  print(gridOf([first, ...visibleIn(names)], visibleIn(rows), { columns, colours, right: files ? [] : [0] }))
}

type Words = Pick<Predictions, 'classNames' | 'textOf'>

/** The name of a class, or the text of tokens; undefined for what is neither. */
function inWords(name: string, type: Inputs[string], numbers: readonly number[], words: Words): string | undefined {
  if (isText(name, type, words)) return words.textOf?.(numbers)
  const isClass = name === 'estimate' && type.dtype === 'i32' && type.shape.length === 0
  return isClass ? words.classNames?.[numbers[0] ?? NaN] : undefined
}

function isText(name: string, { dtype, shape }: Inputs[string], { textOf }: Words): boolean {
  return textOf !== undefined && name === 'estimate' && dtype === 'i32' && shape.length === 1
}

/** Of values one for each class. */
function namesOf(shape: Shape, classNames: readonly string[] = []): readonly string[] | undefined {
  return shape.length === 1 && shape[0] === classNames.length ? classNames : undefined
}

/** As RFC 4180 has it. */
function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

function ofRow(values: ArrayLike<number> = [], row: number, shape: Shape): number[] {
  const size = sizeOf(shape)
  return Array.from({ length: size }, (_, at) => values[row * size + at] ?? NaN)
}

/** `7: 98.1 %`, `3: 1.2 %` of classes, the most likely first; else the first few numbers, as one text. */
function valueTexts(
  name: string,
  values: readonly number[],
  {
    shape,
    most,
    classNames,
  }: { readonly shape: Shape; readonly most: number; readonly classNames?: readonly string[] | undefined },
): string[] {
  const isClasses = shape.length === 1 && values.length > 1 && values.length <= MOST_CLASSES
  const isProbable = isClasses && isDistribution(values)
  if (isProbable || (isClasses && name === 'logits')) {
    const ranked = values.map((value, at) => ({ value, at })).sort((a, b) => b.value - a.value)
    const told = ranked.slice(0, most).map(({ value, at }) => {
      return `${namesOf(shape, classNames)?.[at] ?? at}: ${isProbable ? `${(100 * value).toFixed(1)} %` : short(value)}`
    })
    return ranked.length > most ? [...told, '…'] : told
  }
  const text = values.slice(0, MOST_VALUES).map(short).join(', ')
  return [values.length > MOST_VALUES ? `${text}, … (${values.length} values)` : text]
}

function isDistribution(values: readonly number[]): boolean {
  const sum = values.reduce((total, value) => total + value, 0)
  return values.every((value) => value >= 0 && value <= 1) && Math.abs(sum - 1) < 1e-3
}

function short(value: number): string {
  return Number.isInteger(value) ? String(value) : Number(value.toPrecision(4)).toString()
}

/** No digits beyond those of f32. */
function exact(value: number): number {
  return Number(value.toPrecision(9))
}

function nested(values: readonly number[], shape: Shape): unknown {
  const [length, ...inner] = shape
  if (length === undefined) return values[0]
  const size = sizeOf(inner)
  return Array.from({ length }, (_, at) => nested(values.slice(at * size, (at + 1) * size), inner))
}
