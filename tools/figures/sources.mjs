/** Names what figures are made from, and remembers which were made from it. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../environment.mjs'

const statePath = join(root, '.nx', 'figures', 'done.json')

/**
 * SHA-256 of the tree as it is now, committed or not: packages, tools and versions, without pages and without what
 * figures are written to.
 *
 * @param written paths of the files that figures are written to
 */
export function sourcesHash(written) {
  const listed = git('ls-files', '-co', '--exclude-standard', 'packages', 'tools', 'package-lock.json')
  const paths = listed.filter(
    (path) => !path.endsWith('.md') && !written.includes(path) && existsSync(join(root, path)),
  )
  const hash = createHash('sha256')
  for (const path of paths.sort()) {
    hash.update(
      `${path}\n${createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex')}\n`,
    )
  }
  return hash.digest('hex')
}

/** Whether a step was done for these sources. */
export function isDone(name, sources) {
  return done()[name] === sources
}

export function setDone(name, sources) {
  mkdirSync(dirname(statePath), { recursive: true })
  writeFileSync(statePath, JSON.stringify({ ...done(), [name]: sources }))
}

function done() {
  return existsSync(statePath) ? JSON.parse(readFileSync(statePath, 'utf8')) : {}
}

/** Those of these files that are not as committed. */
export function changedOf(paths) {
  return git('ls-files', '-mo', '--exclude-standard', ...paths)
}

export function commit(paths, message) {
  git('add', '--', ...paths)
  git('commit', '--quiet', '--message', message, '--', ...paths)
}

/** The lines that it prints. */
function git(...args) {
  const text = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })
  return [...new Set(text.split('\n').filter((line) => line !== ''))]
}
