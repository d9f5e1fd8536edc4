// All rules but those that go by types.
import config from '../../eslint.config.mjs'
import { isTyped } from './typed.mjs'

function withoutTypes({ languageOptions, rules, ...others }) {
  const { parserOptions, ...options } = languageOptions ?? {}
  return {
    ...others,
    ...(languageOptions && { languageOptions: { ...options, parserOptions: { ...parserOptions, project: null } } }),
    ...(rules && { rules: Object.fromEntries(Object.entries(rules).filter(([name]) => !isTyped(name))) }),
  }
}

export default config.map(withoutTypes)
