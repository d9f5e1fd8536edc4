/**
 * The code blocks of our pages, and the hidden HTML comments right before a block that say how it
 * is tested:
 *
 *     <!-- setup … -->         code (or commands) that the block needs and does not show
 *     <!-- prints: TEXT -->    what running it prints, among other things
 *     <!-- with: OPTIONS -->   what `gradpool run` in it gets in the test besides, so that it takes seconds
 *     <!-- long -->            its types and options are checked, but it is not run: takes too long
 *     <!-- no-run: WHY -->     the same, for another reason
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Nodes } from 'mdast'
import { fromMarkdown } from 'mdast-util-from-markdown'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Block {
  /** Such as `README.md:41`: the page, and the line of the block's first line. */
  readonly name: string
  readonly line: number
  readonly language: string
  readonly text: string
  readonly setup: string
  readonly prints: string | undefined
  /** What `gradpool run` gets besides. */
  readonly options: string
  readonly runs: boolean
}

export interface Page {
  readonly path: string
  readonly blocks: readonly Block[]
  /** Code within sentences, with the line it is in. */
  readonly inline: readonly { readonly name: string; readonly text: string }[]
}

/** Every page that is ours, but the change log: it tells of commands that were. */
export function pages(): Page[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
    cwd: root,
    encoding: 'utf8',
  })
  const paths = listed.trim().split('\n')
  return paths.filter((path) => path !== 'CHANGELOG.md').map(readPage)
}

function readPage(path: string): Page {
  const blocks: Block[] = []
  const inline: { name: string; text: string }[] = []
  const visit = (node: Nodes, before: readonly Nodes[]) => {
    const name = `${path}:${node.position?.start.line ?? 0}`
    if (node.type === 'code') blocks.push(block(node, path, commentsOf(before)))
    else if (node.type === 'inlineCode') inline.push({ name, text: node.value })
    else if ('children' in node) {
      node.children.forEach((child, at) => visit(child, node.children.slice(0, at)))
    }
  }
  visit(fromMarkdown(readFileSync(join(root, path), 'utf8')), [])
  return { path, blocks, inline }
}

function block(node: Nodes & { type: 'code' }, path: string, comments: readonly string[]): Block {
  const line = (node.position?.start.line ?? 0) + 1
  const after = (word: string) =>
    comments
      .find((text) => text.startsWith(word))
      ?.slice(word.length)
      .trim()
  return {
    name: `${path}:${line}`,
    line,
    language: node.lang ?? '',
    text: node.value,
    setup: after('setup') ?? '',
    prints: after('prints:'),
    options: after('with:') ?? '',
    runs: !comments.some((text) => /^(long$|no-run: .)/.test(text)),
  }
}

/** The texts of the comments that end a list of nodes. */
function commentsOf(nodes: readonly Nodes[]): string[] {
  const others = nodes.findLastIndex((node) => node.type !== 'html')
  return nodes.slice(others + 1).flatMap((node) => {
    const text = node.type === 'html' ? node.value : ''
    return Array.from(text.matchAll(/<!--([^]*?)-->/g), ([, inside = '']) => inside.trim())
  })
}
