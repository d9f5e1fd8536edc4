/** Files of saved models with random mistakes in them: refused in a sentence, or read. */
import { UserError } from '@gradpool/core'
import { Mutations } from '@gradpool/engine-contract/mutations'
import { describe, expect, it } from 'vitest'
import { decodeSafetensors, encodeSafetensors } from '../safetensors.js'
import { smallContent } from '../testing/small-content.js'
import { decodeContent, decodeSavedModel } from './decode.js'
import { encodeSavedModel } from './encode.js'
import { reducedWeights } from './reduced-weights.js'

const content = smallContent()
const bytes = encodeSavedModel(content)
const states = new Map([...content.states].filter(([name]) => !name.startsWith('optimizer/')))
const reduced = reducedWeights.map((weights) => encodeSavedModel({ ...content, states, weights }))
const { tensors, metadata } = decodeSafetensors(bytes, 'it')

describe('a saved model that was changed', () => {
  const mostMs = 1000

  it.each([bytes, ...reduced])('anywhere is refused in a sentence, soon', (bytes) => {
    const mutations = new Mutations(1)
    let refused = 0
    const { metrics, provenance, hash } = decodeSavedModel(bytes, 'it')
    const whole = { metrics, provenance, hash, description: undefined }
    for (let i = 0; i < 2000; i++) {
      const changed = mutations.bytes(bytes)
      const started = performance.now()
      try {
        // What is read is as it was saved, metrics and all.
        const { metrics, provenance, hash, description } = decodeSavedModel(changed, 'it')
        expect({ metrics, provenance, hash, description }).toEqual(whole)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        refused++
      }
      expect(performance.now() - started).toBeLessThan(mostMs)
    }
    expect(refused).toBeGreaterThan(1900)
  })

  it('in its Programs, where the hash is made to fit, is refused or read', () => {
    const mutations = new Mutations(2)
    let read = 0
    for (let i = 0; i < 2000; i++) {
      const gradpool = mutations.json(metadata.gradpool ?? '')
      try {
        decodeContent(encodeSafetensors({ tensors, metadata: { gradpool } }), 'it')
        read++
      } catch (error) {
        expect(error).toBeInstanceOf(UserError)
      }
    }
    expect(read).toBeGreaterThan(20)
    expect(read).toBeLessThan(1900)
  })
})
