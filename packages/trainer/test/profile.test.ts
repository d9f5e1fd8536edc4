/** `fit` with a profile: a file and a table beside the very same training. */
import { adam } from '@gradpool/core'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { fit } from '../src/index.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'

const options = { data: examples(203), batchSize: 16, epochs: 20, optimizer: adam(0.01) }

interface Trace {
  readonly traceEvents: readonly { readonly ph: string; readonly cat?: string; readonly dur?: number }[]
  readonly otherData: {
    readonly trainings: unknown
    readonly kernels: readonly { readonly name: string; readonly share: number }[]
  }
}

describe('fit with a profile', () => {
  it.each([
    ['one execution', {}, ['training']],
    ['local averaging', { averageEvery: 4 }, ['training, average', 'training, part 1', 'training, part 2']],
  ])('writes a trace of %s, prints a table, and trains the same weights', async (_, more, names) => {
    const profile = join(await temporaryFolder(), 'trace.json')
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const fitted = await fit(threeClasses, { ...options, ...more, profile })
    const table = printed.mock.calls.join('')
    printed.mockRestore()
    expect(fitted.weightsHash).toBe((await fit(threeClasses, { ...options, ...more })).weightsHash)
    const { traceEvents, otherData } = JSON.parse(await readFile(profile, 'utf8')) as Trace
    expect(otherData.trainings).toMatchObject(names.map((name) => ({ name })))
    expect(otherData.kernels.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^matmul .*hidden/))
    const [head, ...rows] = table.trimEnd().split('\n').slice(names.length)
    expect(head).toMatch(/^ *share +of a step +GFLOP\/s +GB\/s +kernel$/)
    expect(rows).toHaveLength(Math.min(10, otherData.kernels.length))
    for (const [index, row] of rows.entries()) {
      expect(row).toMatch(/^ *[\d.]+ % +[\d.]+ µs /)
      expect(row).toContain(otherData.kernels[index]?.name)
    }
    expect(otherData.kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9)
    const lengthOf = (isStep: boolean) =>
      traceEvents
        .filter(({ ph, cat }) => ph === 'X' && (cat === 'step') === isStep)
        .reduce((sum, { dur = 0 }) => sum + dur, 0)
    // To the nanosecond to which each is rounded.
    expect(lengthOf(true)).toBeGreaterThan(0)
    expect(Math.abs(lengthOf(true) - lengthOf(false))).toBeLessThan(1e-3 * traceEvents.length)
  })

  it('is refused before anything is trained where the file cannot be', async () => {
    const folder = await temporaryFolder()
    const onEpoch = vi.fn()
    const asked = (profile: string) => fit(threeClasses, { ...options, profile, onEpoch })
    await expect(asked(join(folder, 'none', 'trace.json'))).rejects.toThrow(/no folder '.*none'/)
    await expect(asked(folder)).rejects.toThrow(/is a folder, not a file/)
    expect(onEpoch).not.toHaveBeenCalled()
    expect(await readdir(folder)).toEqual([])
  })

  it('is none where the folder has the whole training', async () => {
    const folder = await temporaryFolder()
    const onWarning = vi.fn()
    await fit(threeClasses, { ...options, directory: join(folder, 'training') })
    const profile = join(folder, 'trace.json')
    await fit(threeClasses, { ...options, directory: join(folder, 'training'), profile, onWarning })
    expect(onWarning.mock.calls).toEqual([[expect.stringMatching(/nothing was trained/)]])
    expect(await readdir(folder)).toEqual(['training'])
  })
})
