// What a change touches.

/**
 * The commit to compare with: where the branch left main; on main itself, the last commit.
 *
 * @param git runs git with these arguments, and throws where it fails
 */
export function baseOf(git) {
  for (const main of ['main', 'origin/main']) {
    try {
      return git('merge-base', 'HEAD', main)
    } catch {
      // There is no such branch.
    }
  }
  return git('rev-parse', 'HEAD')
}

/**
 * Packages by their folders: those with changed files, and those that depend on them, nearest first.
 *
 * @param packages with `folder`, `name`, `dependencies` and `devDependencies`
 * @param changed paths
 */
export function affectedPackages(packages, changed) {
  const own = packages.filter(({ folder }) => changed.some((path) => path.startsWith(`packages/${folder}/`)))
  const reached = [...own]
  for (const { name } of reached) {
    const uses = ({ dependencies, devDependencies }) => name in { ...dependencies, ...devDependencies }
    reached.push(...packages.filter((its) => uses(its) && !reached.includes(its)))
  }
  const folders = reached.map(({ folder }) => folder)
  return { own: folders.slice(0, own.length), dependents: folders.slice(own.length) }
}
