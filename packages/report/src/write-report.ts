/** A page that has everything inside: one file that opens from a disk, and asks no network for anything. */
import { UserError } from '@gradpool/core'
import { reasonOf, writeDurably } from '@gradpool/storage'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { escaped, svgText } from './drawing/svg-text.js'
import { figuresOfSamples } from './figures/of-samples.js'
import { readFigures, type FiguresOptions } from './figures/read-figures.js'
import { noScript } from './page/no-script.js'
import type { PageData } from './page/page-data.js'
import { readRunView } from './view/read-view.js'
import { compact } from './view/compact.js'
import { words, type Language } from './words.js'

export interface ReportOptions extends FiguresOptions {
  /** Default: that of the reader's browser, where it is one of the page's. */
  readonly language?: Language | undefined
}

/** @throws UserError where a run is not there or damaged */
export async function reportData(
  directories: readonly string[],
  options: ReportOptions & { readonly withFigures?: boolean } = {},
): Promise<PageData> {
  const views = []
  const missing: string[] = []
  const figures = new Map<string, PageData['figures'][string]>()
  for (const directory of directories) {
    const view = await readRunView(directory)
    const read = options.withFigures === false ? noFigures : await readFigures(directory, options)
    missing.push(...read.missing)
    for (const [hash, each] of Object.entries(read.figures)) figures.set(hash, each)
    for (const { hash, samples } of Object.values(view.stages)) {
      if (!figures.has(hash) && samples.length > 0) figures.set(hash, figuresOfSamples(samples))
    }
    views.push(compact(view))
  }
  return { views, figures: Object.fromEntries(figures), missing, language: options.language }
}

const noFigures = { figures: {}, missing: [] }

/**
 * Writes the page of runs.
 *
 * @throws UserError where a run is not there or damaged, or the page cannot be written
 */
export async function writeReport(
  directories: readonly string[],
  path: string,
  options: ReportOptions = {},
): Promise<void> {
  const page = await pageOf(await reportData(directories, options))
  try {
    await writeDurably(path, page)
  } catch (error) {
    throw new UserError(`the report cannot be written to '${path}': ${reasonOf(error)}`, { cause: error })
  }
}

/** The page as text. */
export async function pageOf(data: PageData): Promise<string> {
  const [script, style] = await Promise.all([built('page.js'), built('page.css')])
  const title = `${words[data.language ?? 'en'].title} · ${data.views.map(({ name }) => name).join(', ')}`
  // Nothing else runs or is loaded, whatever the names in the data are.
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return [
    '<!doctype html>',
    `<html lang="${data.language ?? 'en'}">`,
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<link rel="icon" href="data:,">',
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    `<div id="page"><noscript>${svgText(noScript(data))}</noscript></div>`,
    `<script type="application/json" id="data">${inScript(JSON.stringify(data))}</script>`,
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

/** JSON that no text in it can end. */
function inScript(json: string): string {
  return json.replaceAll('<', String.raw`\u003c`)
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** `tools/bundle.mjs` makes these files. */
function built(name: string): Promise<string> {
  const own = import.meta.url.endsWith('.ts') ? `../dist/${name}` : `./${name}`
  return readFile(new URL(own, import.meta.url), 'utf8')
}
