// A copy of the repository to try changes in: sources and what is built are its own, dependencies are links.
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../environment.mjs'

/** @param folder is made */
export function copyRepository(folder) {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  for (const path of listed.trim().split('\n')) {
    if (!existsSync(join(root, path))) continue
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    copyFileSync(join(root, path), join(folder, path))
  }
  for (const name of readdirSync(join(root, 'packages'))) {
    const [from, to] = [root, folder].map((it) => join(it, 'packages', name))
    // Without native code: a change of kernels would have to build it again, and WebAssembly has the same bits.
    if (existsSync(join(from, 'dist'))) {
      cpSync(join(from, 'dist'), join(to, 'dist'), { recursive: true, filter: (path) => !path.endsWith('native') })
    }
    if (existsSync(join(from, 'node_modules'))) symlinkSync(join(from, 'node_modules'), join(to, 'node_modules'))
  }
  linkDependencies(folder)
}

/** As `npm install` does: other packages where they are here, our own in the copy. */
export function linkDependencies(folder) {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '@gradpool'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@gradpool' && name !== 'gradpool') link(join(root, 'node_modules', name), join(modules, name))
  }
  for (const name of readdirSync(join(folder, 'packages'))) {
    link(join(folder, 'packages', name), join(modules, name === 'gradpool' ? name : `@gradpool/${name}`))
  }
}

function link(from, to) {
  if (!existsSync(to)) symlinkSync(from, to)
}
