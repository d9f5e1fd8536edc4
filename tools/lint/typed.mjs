// The rules of ESLint that go by types, which take it two thirds of its time: by name, and as oxlint is told of them.
import tseslint from 'typescript-eslint'

const prefix = '@typescript-eslint/'

/** Rules that oxlint does not have: `npm run test:lint` has. */
const missing = ['no-unsafe-class-instance-assignment']

export function isTyped(name) {
  const rule = name.startsWith(prefix) ? tseslint.plugin.rules[name.slice(prefix.length)] : undefined
  return rule?.meta.docs.requiresTypeChecking === true
}

/** What oxlint is to check of a configuration of ESLint. */
export function forOxlint(config) {
  const overrides = config.flatMap(({ files, rules = {} }) => {
    const typed = Object.entries(rules).flatMap(([name, setting]) => {
      const own = name.slice(prefix.length)
      return isTyped(name) && !missing.includes(own) ? [[`typescript/${own}`, setting]] : []
    })
    return typed.length === 0 ? [] : [{ files: files ?? ['**'], rules: Object.fromEntries(typed) }]
  })
  const ignorePatterns = config.flatMap(({ ignores = [], files }) => (files === undefined ? ignores : []))
  return { plugins: ['typescript'], categories: { correctness: 'off' }, overrides, ignorePatterns }
}
