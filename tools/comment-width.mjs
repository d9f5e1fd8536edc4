/**
 * The width of comments in TypeScript and JavaScript, which Prettier leaves as they are: no line of
 * one is longer than Prettier's `printWidth`.
 *
 *     node tools/comment-width.mjs [--write] [FILES]
 *
 * Without `--write` it names the lines that are too long and fails. With it, paragraphs that have
 * such a line are filled again: list items and @tags are paragraphs of their own. Tables, fenced
 * code and lines that are indented by four spaces and more stay as they are.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import tseslint from 'typescript-eslint'
import { root } from './environment.mjs'

const width = JSON.parse(readFileSync(`${root}/.prettierrc.json`, 'utf8')).printWidth

/** A list item or a tag, with what stands before its first word. */
const opening = /^(?:[-*+] |\d+\. |(?=@\w))/
const isVerbatim = (line) => /^(?: {4}|\||```)/.test(line)
const isDirective = (text) => /^\s*(?:eslint|@ts-|prettier-|c8|v8|global )/.test(text)

/** The lines of a comment, without its marks, cut into paragraphs. */
function paragraphs(lines) {
  const found = []
  let isFenced = false
  for (const line of lines) {
    const last = found.at(-1)
    if (line.startsWith('```')) isFenced = !isFenced
    const isKept = isFenced || isVerbatim(line) || line === ''
    if (isKept) found.push({ lines: [line], isKept })
    else if (opening.test(line) || last === undefined || last.isKept) found.push({ lines: [line] })
    else last.lines.push(line)
  }
  return found
}

/** Words of a paragraph in lines; a code span is one word, and no line begins like a list item. */
function fill(text, room, indent) {
  const words = text.match(/(?:`[^`]+`|[^\s`]|`)+/g)
  const lines = []
  let line = words[0]
  for (const word of words.slice(1)) {
    const fits = line.length + 1 + word.length <= room
    if (fits || /^(?:[-*+@|]|\d+\.$)/.test(word)) line += ` ${word}`
    else {
      lines.push(line)
      line = indent + word
    }
  }
  return [...lines, line]
}

function refill(lines, room) {
  return paragraphs(lines).flatMap((paragraph) => {
    const { lines, isKept } = paragraph
    if (isKept || lines.every((line) => line.length <= room)) return lines
    const [mark] = opening.exec(lines[0]) ?? ['']
    const indent = lines[0].startsWith('@') ? '  ' : ' '.repeat(mark.length)
    return fill(lines.join(' '), room, indent)
  })
}

/**
 * Comments that have their lines for themselves: a block each, line comments below each other as
 * one.
 */
function commentsOf(source, name) {
  const options = { comment: true, range: true, jsx: name.endsWith('.tsx') }
  const { comments } = tseslint.parser.parseForESLint(source, options).ast
  const found = []
  for (const { type, value, range, loc } of comments) {
    const start = source.lastIndexOf('\n', range[0] - 1) + 1
    const before = source.slice(start, range[0])
    if (before.trim() !== '' || !/^\s*(?:\n|$)/.test(source.slice(range[1]))) continue
    if (isDirective(value)) continue
    const last = found.at(-1)
    const line = loc.start.line
    if (type === 'Block') {
      const isDocument = value.startsWith('*')
      const lines = value.replace(/^\*/, '').split('\n')
      found.push({ indent: before, range: [start, range[1]], line, isDocument, lines })
    } else if (last?.isLines && last.indent === before && last.line + last.lines.length === line) {
      last.lines.push(value)
      last.range[1] = range[1]
    } else found.push({ indent: before, range: [start, range[1]], line, isLines: true, lines: [value] })
  }
  return found
}

function written({ indent, isDocument, isLines, lines }) {
  if (isLines) {
    const room = width - indent.length - 3
    const filled = refill(
      lines.map((line) => line.replace(/^ /, '').trimEnd()),
      room,
    )
    return filled.map((line) => `${indent}// ${line}`.trimEnd()).join('\n')
  }
  const room = width - indent.length - 3
  const text = lines.map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
  text[0] = text[0].trim()
  if (text[0] === '') text.shift()
  if (text.at(-1)?.trim() === '') text.pop()
  const filled = refill(text, room).map((line) => `${indent} * ${line}`.trimEnd())
  return [`${indent}/*${isDocument ? '*' : ''}`, ...filled, `${indent} */`].join('\n')
}

const isTooLong = (line) => line.length > width

const isWriting = process.argv.includes('--write')
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const tracked = execFileSync('git', ['ls-files', '*.ts', '*.tsx', '*.mjs', '*.js', ...asked], {
  cwd: root,
  encoding: 'utf8',
})
let numLong = 0
for (const name of asked.length > 0 ? asked : tracked.trim().split('\n')) {
  let source = readFileSync(name, 'utf8')
  if (!source.split('\n').some(isTooLong)) continue
  for (const comment of commentsOf(source, name).reverse()) {
    const text = source.slice(...comment.range)
    if (!text.split('\n').some(isTooLong)) continue
    if (isWriting) source = source.slice(0, comment.range[0]) + written(comment) + source.slice(comment.range[1])
  }
  if (isWriting) writeFileSync(name, source)
  for (const comment of commentsOf(source, name)) {
    source
      .slice(...comment.range)
      .split('\n')
      .forEach((line, at) => {
        if (!isTooLong(line)) return
        numLong += 1
        console.error(`${relative(root, name)}:${comment.line + at}: ${line.length} columns`)
      })
  }
}
if (numLong > 0) {
  console.error(`${numLong} lines of comments are longer than ${width}: npm run format:comments`)
  process.exitCode = 1
}
