/** What people are told of how rows are split: counts, and what is in two splits at once. */
import { originOfSplits, splitKeyOf, type Dataset, type SplitPlan } from '../dataset.js'
import { isStored } from '../stored/stored-fields.js'
import { RowTable } from './row-table.js'
import { listed, shown } from '../spec-rules.js'
import { storedLeaks, type Leak, type NamedSplit } from './stored-leaks.js'
import type { SplitKey } from './splits.js'

export interface SplitReport {
  /** Rows of each split, and how they were chosen. */
  readonly counts: string
  /** One sentence for each way in which what is held out is trained on, too. */
  readonly leaks: readonly string[]
}

const MOST_SHOWN = 3

/** Of rows from memory or a file of rows; undefined for images, whose splits their files have. */
export function splitReport(dataset: Dataset): SplitReport | undefined {
  const { contents, plan } = originOfSplits(dataset)
  if (!contents.inOrder) return undefined
  const key = splitKeyOf(contents, plan.splitBy)
  return {
    counts: `${dataset.name}: ${countsOf(dataset)}${choiceOf(plan)}`,
    leaks: [...groupLeaks(dataset, plan, key), ...rowLeaks(dataset)],
  }
}

function countsOf({ splits: { all, train, validation, test } }: Dataset): string {
  const unlabelled = all.rows.length > train.rows.length ? `, ${number(train.rows.length)} of them with labels` : ''
  return [
    `${number(all.rows.length)} rows to train on${unlabelled}`,
    ...(validation ? [`${number(validation.rows.length)} for validation`] : []),
    ...(test ? [`${number(test.rows.length)} for test`] : []),
  ].join(', ')
}

function choiceOf({ validation, test, labelled, splitBy, splitSeed }: SplitPlan): string {
  const isChosen = [validation, test].some((held) => typeof held === 'number' && held > 0) || labelled !== 1
  if (!isChosen) return ''
  if (splitBy === 'order') return ' (the last rows)'
  if (typeof splitBy === 'object' && 'time' in splitBy) return ` (the latest by ${shown(splitBy.time)})`
  const how = splitBy === 'label' ? 'by label' : splitBy === 'random' ? 'at random' : `by ${shown(splitBy.group)}`
  return ` (${how}, seed ${splitSeed})`
}

/** Groups that held-out data of their own have in common with the training. */
function groupLeaks({ splits, name }: Dataset, plan: SplitPlan, key: SplitKey | undefined): readonly string[] {
  if (key === undefined || typeof plan.splitBy === 'string' || 'time' in plan.splitBy) return []
  const trained = groupsOf(key, splits.train.rows)
  return (['validation', 'test'] as const).flatMap((split) => {
    const held = plan[split]
    if (typeof held === 'number' || held.splitKey === undefined) return []
    const common = [...groupsOf(held.splitKey, held.split.rows)].filter((group) => trained.has(group))
    if (common.length === 0) return []
    return [
      `${counted(common.length, 'group')} of ${shown(key.column)} in ${name} are in training and in ${split}: ${listed(common)}`,
    ]
  })
}

function groupsOf({ values, names }: SplitKey, rows: Int32Array): Set<string> {
  return new Set(Array.from(rows, (row) => names?.[values[row] ?? 0] ?? String(values[row])))
}

function rowLeaks({ name, fields, splits }: Dataset): readonly string[] {
  const { all, validation, test } = splits
  const held = [
    ...(validation ? [{ name: 'validation', split: validation }] : []),
    ...(test ? [{ name: 'test', split: test }] : []),
  ]
  if (held.length === 0) return []
  const names = Object.keys(fields.train)
  const training = { name: 'training', split: all }
  const areStored = [training, ...held].some(({ split }) => isStored(split.fields))
  const leaks = areStored ? storedLeaks(training, held, names) : leaksInMemory(training, held, names)
  const found = new Map<string, { readonly of: NamedSplit; readonly other: string; count: number; first: string[] }>()
  for (const { held: own, same } of leaks) {
    const of = held.find((each) => each.name === own.split)
    if (of === undefined) continue
    const key = `${own.split} ${same.split}`
    const leak = found.get(key) ?? { of, other: same.split, count: 0, first: [] }
    found.set(key, leak)
    leak.count++
    if (leak.first.length < MOST_SHOWN) leak.first.push(`${own.row} is ${same.row}`)
  }
  return [...found.values()].map(({ of, other, count, first }) => {
    const more = count > first.length ? ', …' : ''
    const rows = counted(of.split.rows.length, `${of.name} row`)
    return `${number(count)} of ${rows} of ${name} are ${other} rows, too: ${first.join(', ')}${more}`
  })
}

function* leaksInMemory(training: NamedSplit, held: readonly NamedSplit[], names: readonly string[]): Generator<Leak> {
  const splits = [training, ...held]
  const table = new RowTable(
    names,
    splits.slice(0, -1).reduce((sum, { split }) => sum + split.rows.length, 0),
  )
  table.add(training.split, training.name)
  for (const [index, { name, split }] of held.entries()) {
    for (const { row, same } of table.find(split)) yield { held: { split: name, row }, same }
    if (index < held.length - 1) table.add(split, name)
  }
}

function number(count: number): string {
  return count.toLocaleString('en')
}

function counted(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? '' : 's'}`
}
