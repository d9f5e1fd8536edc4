/**
 * Figures within Markdown: what stands between `<!-- figures: NAME -->` and `<!-- /figures -->` is made by a tool.
 */
import { format, resolveConfig } from 'prettier'

const END = '<!-- /figures -->'

/**
 * The page with other text at the place of a name, as Prettier formats it.
 *
 * @param path of the page, for messages and for the format
 * @throws Error unless the page has the place once
 */
export async function filled(page, { path, name, text }) {
  const begin = `<!-- figures: ${name} -->`
  const [before, after, ...more] = page.split(begin)
  if (after === undefined) throw new Error(`${path} has no line ${begin}`)
  if (more.length > 0) throw new Error(`${path} has ${begin} more than once`)
  const end = after.indexOf(END)
  const next = after.indexOf('<!-- figures:')
  if (end < 0 || (next >= 0 && next < end)) throw new Error(`${path}: ${begin} has no ${END} after it`)
  const whole = `${before}${begin}\n\n${text.trim()}\n\n${after.slice(end)}`
  return format(whole, { ...(await resolveConfig(path)), filepath: path })
}

/** A Markdown table. */
export function tableOf(heads, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

/** `0.876 ± 0.013`: mean and sample standard deviation. */
export function meanAndDeviation(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return `${mean.toFixed(3)} ± ${Math.sqrt(squares / (values.length - 1)).toFixed(3)}`
}
