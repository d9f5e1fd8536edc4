// Puts every Markdown page of the repository, where it lies, into the folder that the site is made from. Links are the
// repository's: a folder becomes its README, a file that is no page becomes a file of the site.
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fromMarkdown } from 'mdast-util-from-markdown'
import { root } from '../environment.mjs'

const isPicture = /\.(svg|png)$/
const isOutside = /^([a-z]+:|\/\/|#)/i

/** Paths of all pages. A template, and what GitHub shows in its forms, are none. */
export function pagePaths() {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
  const paths = listed.trim().split('\n')
  return paths.filter((path) => existsSync(join(root, path)) && !/(^|\/)template\.md$|^\.github\//.test(path))
}

/**
 * @param folder is filled; pictures and linked files are copied
 * @returns a Map of the pages' paths to their titles
 */
export function stage(folder) {
  const paths = pagePaths()
  const isPage = new Set(paths)
  const titles = new Map()
  for (const path of paths) {
    const text = readFileSync(join(root, path), 'utf8')
    const tree = fromMarkdown(text)
    titles.set(path, titleOf(tree, path))
    write(
      join(folder, onSite(path)),
      withLinks(text, tree, (url) => linkOnSite(url, path, isPage, folder)),
    )
  }
  const decisions = paths.filter((path) => /^docs\/decisions\/\d/.test(path))
  const list = decisions.map((path) => `- [${titles.get(path)}](./${posix.basename(path)})`)
  write(join(folder, 'docs/decisions/index.md'), `# Decisions\n\n${list.join('\n')}\n`)
  return titles
}

/** A folder's page is its README, and on the site its index. */
const onSite = (path) => path.replace(/(^|\/)README\.md$/, '$1index.md')

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function titleOf({ children }, path) {
  const heading = children.find(({ type, depth }) => type === 'heading' && depth === 1)
  if (heading === undefined) throw new Error(`${path} has no title`)
  return textOf(heading)
}

const textOf = ({ value = '', children = [] }) => value + children.map(textOf).join('')

/** A text with each URL replaced by what `change` makes of it. */
function withLinks(text, tree, change) {
  const edits = []
  const visit = (node) => {
    if (node.url !== undefined && node.position !== undefined) {
      const { start, end } = node.position
      const made = change(node.url)
      const at = text.lastIndexOf(node.url, end.offset)
      if (made !== node.url && at >= start.offset) edits.push([at, node.url.length, made])
    }
    node.children?.forEach(visit)
  }
  visit(tree)
  edits.sort(([one], [other]) => other - one)
  return edits.reduce((made, [at, length, url]) => made.slice(0, at) + url + made.slice(at + length), text)
}

function linkOnSite(url, from, isPage, folder) {
  if (isOutside.test(url)) return url
  const [path, anchor] = url.split('#')
  const target = posix.normalize(posix.join(posix.dirname(from), decodeURI(path)))
  const to = (page) => relativeLink(from, page) + (anchor === undefined ? '' : `#${anchor}`)
  if (isPage.has(target)) return to(target)
  const absolute = join(root, target)
  if (!existsSync(absolute)) throw new Error(`${from} links to ${url}, which is not there`)
  if (statSync(absolute).isDirectory()) {
    if (isPage.has(posix.join(target, 'README.md'))) return to(posix.join(target, 'README.md'))
    if (target.replace(/\/$/, '') === 'docs/decisions') return to('docs/decisions/index.md')
    throw new Error(`${from} links to the folder ${target}, which has no README.md`)
  }
  // A picture is found beside the page; any other file, as it is.
  const copied = isPicture.test(target) ? join(folder, target) : join(folder, 'public', 'files', `${target}.txt`)
  mkdirSync(dirname(copied), { recursive: true })
  copyFileSync(absolute, copied)
  return isPicture.test(target) ? url : `/files/${target}.txt`
}

function relativeLink(from, to) {
  const path = posix.relative(posix.dirname(from), onSite(to))
  return path.startsWith('.') ? path : `./${path}`
}
