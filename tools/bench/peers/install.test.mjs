import { expect, test } from 'vitest'
import { installed } from './install.mjs'

test('a peer that cannot be installed is left out, in a sentence', () => {
  const sentences = []
  const ours = { name: 'Gradpool' }
  const found = { name: 'PyTorch', install: () => undefined }
  const missing = {
    name: 'JAX',
    install() {
      throw new Error('no Python 3.11 or newer found')
    },
  }
  expect(installed([ours, found, missing], (sentence) => sentences.push(sentence))).toEqual([ours, found])
  expect(sentences).toEqual(['JAX: no Python 3.11 or newer found'])
})
