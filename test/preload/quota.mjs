// As in a container with a CPU quota: files of control groups are those of a tree that GRADPOOL_TEST_GROUPS names.
import fs from 'node:fs'
import { join } from 'node:path'

const tree = process.env.GRADPOOL_TEST_GROUPS
const read = fs.readFileSync
fs.readFileSync = (path, ...rest) => {
  const isOfGroups = typeof path === 'string' && /^\/(proc\/self\/(cgroup|mountinfo)|sys\/fs\/cgroup)/.test(path)
  return read(isOfGroups && tree ? join(tree, path) : path, ...rest)
}
