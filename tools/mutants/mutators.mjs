/**
 * Changes that Stryker does not make by itself: a number by one more, a call by its first argument, and a statement by
 * none. Stryker takes mutators from no configuration, so they are put into its own list.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../environment.mjs'

const instrumenter = join(root, 'node_modules', '@stryker-mutator', 'instrumenter')
const { allMutators } = await import(pathToFileURL(join(instrumenter, 'dist', 'src', 'mutators', 'mutate.js')).href)

const ours = [
  {
    name: 'Number',
    *mutate(path) {
      if (path.isNumericLiteral() && path.key !== 'key') yield { type: 'NumericLiteral', value: path.node.value + 1 }
    },
  },
  {
    name: 'Call',
    *mutate(path) {
      if (!path.isCallExpression() || path.parentPath.isExpressionStatement()) return
      const { callee, arguments: given } = path.node
      const [argument] = given
      const isOne = argument !== undefined && argument.type !== 'SpreadElement'
      if (callee.type === 'Identifier' && isOne) yield structuredClone(argument)
    },
  },
  {
    name: 'Statement',
    *mutate(path) {
      if (path.isExpressionStatement()) yield { type: 'EmptyStatement' }
    },
  },
]

export function addMutators() {
  allMutators.push(...ours)
}
