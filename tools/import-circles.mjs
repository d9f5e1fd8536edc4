// Fails where files of one package's src import each other in a circle; imports of types count, for
// they tie files together just as well. Prints the files of each circle, shortest way round first.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import process from 'node:process'
import ts from 'typescript'
import { root } from './environment.mjs'

function sourcesBelow(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => join(folder, file))
}

/** Which files each file imports, as far as they are of the same package. */
function importsOf(files) {
  const known = new Set(files)
  const sourceOf = (from, specifier) => {
    const path = resolve(dirname(from), specifier)
    return [path, path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx')].find((candidate) => known.has(candidate))
  }
  return new Map(
    files.map((file) => {
      const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'))
      const sources = importedFiles
        .filter(({ fileName }) => fileName.startsWith('.'))
        .flatMap(({ fileName }) => sourceOf(file, fileName) ?? [])
      return [file, sources]
    }),
  )
}

/** The shortest way from a file back to itself, if there is one. */
function circleOf(imports, start) {
  const cameFrom = new Map()
  const queue = [start]
  for (const file of queue) {
    for (const next of imports.get(file)) {
      if (next === start) {
        const way = [file]
        while (way[0] !== start) way.unshift(cameFrom.get(way[0]))
        return way
      }
      if (cameFrom.has(next)) continue
      cameFrom.set(next, file)
      queue.push(next)
    }
  }
  return undefined
}

/** One circle for each set of files that none of those before went through. */
function circlesIn(imports) {
  const seen = new Set()
  const circles = []
  for (const file of imports.keys()) {
    if (seen.has(file)) continue
    const circle = circleOf(imports, file)
    if (circle === undefined) continue
    circles.push(circle)
    for (const member of circle) seen.add(member)
  }
  return circles.sort((a, b) => a.length - b.length)
}

let numCircles = 0
for (const name of readdirSync(join(root, 'packages')).sort()) {
  const folder = join(root, 'packages', name, 'src')
  if (!existsSync(folder)) continue
  for (const circle of circlesIn(importsOf(sourcesBelow(folder)))) {
    numCircles += 1
    const names = [...circle, circle[0]].map((file) => relative(folder, file))
    console.error(`${name}: ${names.join(' -> ')}`)
  }
}
console.log(numCircles === 0 ? 'no circles' : `${numCircles} circles of imports`)
process.exitCode = numCircles === 0 ? 0 : 1
