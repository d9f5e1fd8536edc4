/** Predictions without threads have the bits of those with them. */
import { UserError } from '@gradpool/core'
import { decodeSavedModel, encodeSavedModel } from '@gradpool/storage'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadModel as loadWithThreads } from '../saved-model/load-model.js'
import { encodeModel } from '../saved-model/save-model.js'
import { images, smallTrained } from '../testing/small-model.js'
import { loadModel } from './saved-predictor.js'

const bytes = encodeModel(smallTrained())

describe('a saved model without threads', () => {
  it.each([undefined, 1] as const)('predicts the same bits, %s rows at once', async (rowsAtOnce) => {
    await using model = await loadModel(bytes, rowsAtOnce ? { rowsAtOnce } : {})
    await using other = await loadWithThreads(bytes)
    for (const rows of [0, 1, 3, 200, 256, 300, 513, 2000]) {
      const image = images(rows)
      expect(await model.predict({ image })).toEqual(await other.predict({ image }))
    }
  })

  it('serves calls that overlap', async () => {
    await using model = await loadModel(bytes)
    const calls = Array.from({ length: 20 }, (_, i) => images(1 + ((i * 37) % 400)))
    const together = await Promise.all(calls.map((image) => model.predict({ image })))
    for (const [i, image] of calls.entries()) expect(together[i]).toEqual(await model.predict({ image }))
  })

  it('says what it reads, predicts and is', async () => {
    const model = await loadModel(bytes)
    expect(model.inputs).toEqual({ image: { dtype: 'f32', shape: [2, 3] } })
    expect(model.outputs).toEqual({ probabilities: { dtype: 'f32', shape: [4] }, digit: { dtype: 'i32', shape: [] } })
    expect(model.hash).toBe(decodeSavedModel(bytes, 'it').hash)
    await model.dispose()
    await expect(model.predict({ image: images(1) })).rejects.toThrow('this model was disposed')
  })

  it('is loaded from wherever bytes can be', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gradpool-predict-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'it.gradpool')
    await writeFile(path, bytes)
    const odd = new Uint8Array(bytes.length + 1)
    odd.set(bytes, 1)
    const blob = new Blob([bytes.slice()])
    const url = pathToFileURL(path)
    // Values of the array that is odd cannot be read where they are.
    const sources = [path, url, url.href, bytes, bytes.slice().buffer, odd.subarray(1), blob, blob.stream()]
    const expected = await (await loadModel(bytes)).predict({ image: images(5) })
    for (const source of sources) {
      expect(await (await loadModel(source)).predict({ image: images(5) })).toEqual(expected)
    }
  })

  it.skipIf(process.platform === 'win32')('is not awaited from a pipe', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gradpool-predict-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    for (const path of [join(folder, 'pipe'), folder]) {
      await expect(loadModel(path)).rejects.toThrow(`the model '${path}' cannot be read: it is not a file`)
    }
  })

  it('is refused with one sentence', async () => {
    await expect(loadModel('/no/such/file')).rejects.toThrow(UserError)
    await expect(loadModel('/no/such/file')).rejects.toThrow(
      /^the model '\/no\/such\/file' cannot be read: no such file or directory$/,
    )
    await expect(loadModel(new Uint8Array(20))).rejects.toThrow('the model is not a whole safetensors file')
    const { states, provenance, metrics } = decodeSavedModel(bytes, 'it')
    await expect(loadModel(encodeSavedModel({ states, provenance, metrics }))).rejects.toThrow(
      'was saved without a prediction',
    )
    const model = await loadModel(bytes)
    await expect(model.predict({ picture: images(1) })).rejects.toThrow('this model reads image, and picture was given')
  })
})
