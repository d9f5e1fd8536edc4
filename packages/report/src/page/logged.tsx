/** What callbacks logged, of one stage at a time: images over epochs, tables, and files to keep. */
import type { ComponentChildren } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import type { Cell, LoggedName, ShownFile, ShownImage, ShownItem, ShownTable } from '../view/logged.js'
import { titleIn } from '../view/curves.js'
import type { RunView, StageView } from '../view/run-view.js'
import { bytesText, numberText, type Words } from '../words.js'
import { PixelImage } from './pixels.js'

export function hasLogged({ stages }: RunView): boolean {
  return Object.values(stages).some(({ logged }) => logged.length > 0)
}

/** Nothing where nothing was logged. */
export function Logged({ views, words }: { readonly views: readonly RunView[]; readonly words: Words }) {
  const [chosen, setChosen] = useState('')
  const all = views.flatMap((view) => titled(views, view))
  const one = all.find(({ key }) => key === chosen) ?? all[0]
  if (one === undefined) return null
  return (
    <>
      {all.length > 1 && (
        <label class="option">
          {words.stage}{' '}
          <select value={one.key} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
            {all.map(({ key, title }) => (
              <option key={key} value={key}>
                {title}
              </option>
            ))}
          </select>
        </label>
      )}
      <StageLog key={one.key} stage={one.stage} title={all.length > 1 ? '' : one.title} words={words} />
    </>
  )
}

interface Titled {
  readonly key: string
  readonly title: string
  readonly stage: StageView
}

function titled(views: readonly RunView[], view: RunView): Titled[] {
  const stages = Object.values(view.stages)
  const manySeeds = new Set(stages.map(({ seed }) => seed)).size > 1
  return stages
    .filter(({ logged }) => logged.length > 0)
    .map((stage) => {
      const names = stage.experiments.map((name) => titleIn(views, view, name)).join(', ')
      const seed = manySeeds ? ` @${stage.seed}` : ''
      return { key: `${view.name} ${stage.hash}`, title: `${names} ${stage.name}${seed}`, stage }
    })
}

interface StageProps {
  readonly stage: StageView
  readonly title: string
  readonly words: Words
}

function StageLog({ stage: { logged, moreLogged }, title, words }: StageProps) {
  const of = (type: ShownItem['type']) => logged.filter((one) => one.type === type)
  const files = of('file')
  return (
    <div class="logged">
      {title !== '' && <h3>{title}</h3>}
      {[...of('image'), ...of('table')].map((one) => (
        <figure key={`${one.type} ${one.name}`} class="card">
          <figcaption>
            <strong>{one.name}</strong>
            <small>{epochsText(one, words)}</small>
          </figcaption>
          {one.type === 'image' ? <Images one={one} words={words} /> : <Tables one={one} words={words} />}
        </figure>
      ))}
      {files.length > 0 && (
        <figure class="card">
          <figcaption>
            <strong>{words.files}</strong>
          </figcaption>
          <ul class="files">
            {files.flatMap((one) =>
              one.items.length === 0
                ? [
                    <li key={one.name}>
                      {one.name} <small>{words.leftOut}</small>
                    </li>,
                  ]
                : one.items
                    .toReversed()
                    .map((item) => <FileLine key={`${one.name} ${item.epoch}`} item={item} words={words} />),
            )}
          </ul>
        </figure>
      )}
      {moreLogged > 0 && (
        <p class="note">
          {words.moreLogged}: {moreLogged}
        </p>
      )}
    </div>
  )
}

/** What epochs are shown, and of how many. */
function epochsText({ items, epochs }: LoggedName, words: Words): string {
  if (items.length === 0) return words.leftOut
  if (items.length === epochs)
    return epochs === 1 ? `${words.epoch} ${items[0]?.epoch ?? 0}` : `${epochs} ${words.epochs}`
  return `${items.length} / ${epochs} ${words.epochs} ${words.weightsShown}`
}

/** On the screen, at least. */
const LEAST_SIDE = 84

function Images({ one: { name, items }, words }: { readonly one: LoggedName; readonly words: Words }) {
  return (
    <ul class="images strip">
      {items.map((item) =>
        item.type === 'image' ? (
          <li key={item.epoch}>
            <OneImage image={item.shown} label={`${name}, ${words.epoch} ${item.epoch}`} />
            <span>
              {words.epoch} {item.epoch}
            </span>
            {item.shown.logged && (
              <small>
                {words.smaller} {item.shown.logged.join(' × ')}
              </small>
            )}
          </li>
        ) : null,
      )}
    </ul>
  )
}

function OneImage({ image, label }: { readonly image: ShownImage; readonly label: string }) {
  const { height, width, channels, pixels } = image
  const decoded = useMemo(() => ({ height, width, channels, values: bytesOf(pixels) }), [pixels])
  return (
    <PixelImage pixels={decoded} label={label} scale={Math.max(1, Math.round(LEAST_SIDE / Math.max(height, width)))} />
  )
}

function Tables({ one: { name, items }, words }: { readonly one: LoggedName; readonly words: Words }) {
  const [latest, ...earlier] = items.toReversed()
  const titleOf = ({ epoch }: ShownItem) => `${words.epoch} ${epoch}`
  return (
    <>
      {latest?.type === 'table' && (
        <OneTable table={latest.shown} label={`${name}, ${titleOf(latest)}`} words={words} />
      )}
      {earlier.map((item) =>
        item.type === 'table' ? (
          <details key={item.epoch}>
            <summary>{titleOf(item)}</summary>
            <OneTable table={item.shown} label={`${name}, ${titleOf(item)}`} words={words} />
          </details>
        ) : null,
      )}
    </>
  )
}

interface TableProps {
  readonly table: ShownTable
  readonly label: string
  readonly words: Words
}

function OneTable({ table: { columns, rows, numColumns, numRows }, label, words }: TableProps) {
  const isNumber = columns.map((_, at) => rows.every((row) => typeof row[at] === 'number' || row[at] === null))
  const left = [
    ...(numRows > rows.length ? [`${rows.length} / ${numRows} ${words.rows}`] : []),
    ...(numColumns > columns.length ? [`${columns.length} / ${numColumns} ${words.columns}`] : []),
  ]
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={label}>
        <table>
          <thead>
            <tr>
              {columns.map((column, at) => (
                <th key={at} scope="col" class={isNumber[at] === true ? 'number' : undefined}>
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, at) => (
              <tr key={at}>
                {row.map((cell, column) => (
                  <td key={column} class={isNumber[column] === true ? 'number' : undefined}>
                    {cellText(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {left.length > 0 && <p class="note">{left.join(', ')}</p>}
    </>
  )
}

function cellText(cell: Cell): string {
  if (cell === null) return '–'
  return typeof cell === 'number' && !Number.isInteger(cell) ? numberText(cell) : String(cell)
}

/** A text of at most so many bytes is shown in its place. */
const MOST_TEXT = 2 ** 14

function FileLine({ item, words }: { readonly item: ShownItem; readonly words: Words }) {
  if (item.type !== 'file') return null
  const { name, epoch, shown } = item
  const about = `${words.epoch} ${epoch}, ${bytesText(shown.numBytes)}`
  return (
    <li>
      {shown.contents === null ? (
        name
      ) : (
        <a href={`data:application/octet-stream;base64,${shown.contents}`} download={name.split(/[/\\]/).at(-1)}>
          {name}
        </a>
      )}{' '}
      <small>
        {about}
        {shown.contents === null && `; ${words.largeFile}`}
      </small>
      <InPlace file={shown} label={`${name}, ${about}`}>
        {words.showText}
      </InPlace>
    </li>
  )
}

interface InPlaceProps {
  readonly file: ShownFile
  readonly label: string
  readonly children: ComponentChildren
}

function InPlace({ file: { contents, numBytes }, label, children }: InPlaceProps) {
  const text = useMemo(
    () => (contents !== null && numBytes <= MOST_TEXT ? textOf(bytesOf(contents)) : undefined),
    [contents],
  )
  if (text === undefined) return null
  return (
    <details>
      <summary>{children}</summary>
      <pre tabIndex={0} role="region" aria-label={label}>
        {text}
      </pre>
    </details>
  )
}

/** Undefined for what nobody can read. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return /[^\P{Cc}\t\n\r]/u.test(text) || text === '' ? undefined : text
  } catch {
    return undefined
  }
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
}
