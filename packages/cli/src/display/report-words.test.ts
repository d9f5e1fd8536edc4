import { expect, test } from 'vitest'
import { reportWordsFor } from './report-words.js'

test("the report's own experiments are told in its words, others in English, unless a language is asked for", () => {
  const names = ['mnist_mlp_all', 'mnist_hash_1', 'my_own']
  expect(names.map(reportWordsFor(undefined))).toEqual([true, false, false])
  expect(names.map(reportWordsFor('ko'))).toEqual([true, true, true])
  expect(names.map(reportWordsFor('en'))).toEqual([false, false, false])
})
