/** Saving with weights of fewer bits, and what it tells of that. */
import { adam } from '@gradpool/core'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fit, loadModel, startTraining } from '../src/index.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const held = examples(57, 500)
const options = { data: examples(203), batchSize: 16, epochs: 4, optimizer: adam({ learningRate: 0.01 }) }

describe.each([
  ['f16', 0.55, 1e-3],
  ['i8', 0.35, 0.05],
] as const)('a model saved with weights of %s', (weights, share, most) => {
  it('is smaller, and tells what that changes over the test', async () => {
    const [folder, fitted] = [await temporaryFolder(), await fit(threeClasses, { ...options, test: held })]
    const file = join(folder, 'small.gradpool')
    const { bytes, change } = await fitted.save(file, { weights })
    expect(bytes).toBe((await readFile(file)).length)
    const tensorsOf = async (path: string) => {
      const found = await readFile(path)
      return found.length - 8 - Number(found.readBigUInt64LE())
    }
    await fitted.save(join(folder, 'whole.gradpool'))
    const [small, whole] = [await tensorsOf(file), await tensorsOf(join(folder, 'whole.gradpool'))]
    expect(small / whole).toBeLessThan(share + 0.2)
    expect(small).toBeLessThan(whole)
    expect(change?.before).toEqual(await fitted.evaluate())
    await using loaded = await loadModel(file)
    expect(change?.after).toEqual(await loaded.evaluate(held))
    expect(change?.after).not.toEqual(change?.before)
    expect(Math.abs((change?.after.loss ?? NaN) - (change?.before.loss ?? NaN))).toBeLessThan(most)
    expect(loaded.summary()).toContain(`, stored as ${weights}`)
    // It trains on, with f32 again.
    const more = await loaded.fit({ data: options.data, epochs: 1 })
    await more.save(file)
    expect((await loadModel(file)).summary()).not.toContain('stored as')
  })

  it('is judged over other data, or none', async () => {
    const [folder, fitted] = [await temporaryFolder(), await fit(threeClasses, options)]
    const file = join(folder, 'small.gradpool')
    expect(Object.keys(await fitted.save(file, { weights }))).toEqual(['bytes'])
    const { change } = await fitted.save(file, { weights, data: held })
    expect(change?.before).toEqual(await fitted.evaluate(held))
    const whole = join(folder, 'whole.gradpool')
    expect(Object.keys(await fitted.save(whole, { data: held, optimizer: true }))).toEqual(['bytes'])
    // Without the states of the optimizer, which are in the file.
    await using loaded = await loadModel(whole)
    const again = await loaded.save(join(folder, 'again.gradpool'), { weights, data: held })
    expect(again.change).toEqual(change)
    expect(await readFile(join(folder, 'again.gradpool'))).toEqual(await readFile(file))
  })

  it('may be of a training step by step', async () => {
    const fields = { image: { shape: [6] }, label: { shape: [], dtype: 'u8' } } as const
    const trainer = await startTraining(threeClasses, { fields })
    const { change } = await trainer.save(join(await temporaryFolder(), 'small.gradpool'), { weights, data: held })
    expect(change?.before).toEqual(await trainer.evaluate(held))
    expect(change?.after).not.toEqual(change?.before)
    await trainer.dispose()
  })

  it('is refused with the states of its optimizer, and writes nothing then', async () => {
    const [folder, fitted] = [await temporaryFolder(), await fit(threeClasses, { ...options, epochs: 1 })]
    const file = join(folder, 'small.gradpool')
    await expect(fitted.save(file, { weights, optimizer: true })).rejects.toThrow('are not saved with weights of')
    await expect(fitted.save(file, { weights: 'f8' as 'f16' })).rejects.toThrow(
      'weights must be f32, f16 or i8, not f8',
    )
    await expect(readFile(file)).rejects.toThrow('ENOENT')
  })
})
