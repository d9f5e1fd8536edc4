/** `gradpool data FILE`: what is in a file of rows, before anything is learnt from it. */
import { type ColumnSurvey, type DataSurvey, isTextFile, surveyFile } from '@gradpool/datasets'
import { gridOf } from '../display/grid.js'
import { type Outlet } from '../display/outlet.js'
import { visibleIn } from '../display/visible-in.js'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'

export interface DataOptions {
  readonly json?: boolean
  /** A PNG file to draw augmented images of an experiment in. */
  readonly augmented?: string
  /** A folder to write the rows to. */
  readonly prepare?: string
  readonly verify?: boolean
  readonly target?: string
  readonly classes?: boolean
  readonly columns?: string
  readonly missing?: string
}

const valuesColumn = 6
/** Of a value, in characters. */
const MOST_TEXT = 40
const MOST_VALUES = 5

/** @throws UserError for a file that cannot be read as rows */
export async function dataCommand(path: string, { json = false }: DataOptions, { stdout }: Io): Promise<number> {
  const survey = await surveyFile(path)
  if (json) stdout.printJson(JSON.stringify(survey, null, 2))
  else stdout.printColoured(textOf(survey, stdout))
  return exitCode.done
}

function textOf({ path, rows, columns }: DataSurvey, outlet: Outlet): string {
  const cells = visibleIn(columns.map(cellsOf))
  const table = gridOf(['column', 'type', 'missing', 'least', 'most', 'mean', 'values'], cells, {
    columns: outlet.columns(),
    colours: outlet.colours,
    flexible: valuesColumn,
    right: [2, 3, 4, 5],
  })
  const extent = isTextFile(path)
    ? counted(rows, 'character')
    : `${counted(rows, 'row')}, ${counted(columns.length, 'column')}`
  return `${visibleIn(`${path}: ${extent}`)}\n\n${table}`
}

function cellsOf({ name, type, shape, missing, infinite, range, ...column }: ColumnSurvey): readonly string[] {
  const numbers = [range?.least, range?.most, range?.mean].map((value) => (value === undefined ? '–' : short(value)))
  const typeText = shape.length === 0 ? type : `${type} [${shape.join(', ')}]`
  const unusable = infinite === 0 ? [] : [`${infinite} infinite or beyond f32`]
  return [cut(name), typeText, String(missing), ...numbers, [...unusable, valuesText(column)].join('; ')]
}

function valuesText({ distinct, values = [] }: Pick<ColumnSurvey, 'distinct' | 'values'>): string {
  if (distinct === undefined) return 'many'
  const shown = values
    .slice(0, MOST_VALUES)
    .map(({ value, rows }) => `${cut(/\S/.test(value) ? value : JSON.stringify(value))} (${rows})`)
  if (shown.length === 0) return `${distinct} different`
  // Of a text, more differ than are listed.
  const head = distinct > values.length ? `${distinct} different: ` : ''
  return head + [...shown, ...(distinct > shown.length ? ['…'] : [])].join(', ')
}

function short(value: number): string {
  return String(Number(value.toPrecision(6)))
}

function cut(text: string): string {
  return text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`
}
