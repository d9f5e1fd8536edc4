/** A training that was aborted anywhere is resumed, and is bit-identical to one that was not. */
import { adam, adamw, clipByGlobalNorm, cosine, groups, lion, muon, plateau } from '@gradpool/core'
import { appendFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fit, type StepProgress } from '../src/index.js'
import { temporaryFolder } from '../src/testing/temporary-folder.js'
import { examples, threeClasses } from '../src/testing/three-classes.js'

const data = examples(203)
const options = { data, validation: 0.2, batchSize: 7, epochs: 400, optimizer: adam() } as const

function bitsOf(fitted: { weightsHash: string; history: readonly { seconds: number }[] }) {
  return {
    hash: fitted.weightsHash,
    rows: fitted.history.map(({ seconds: _, ...row }) => row),
  }
}

/** Fits in a folder, and aborts somewhere in an epoch after so many. */
async function aborted(directory: string, numEpochs: number, more: object = {}) {
  const controller = new AbortController()
  const { signal } = controller
  const onEpoch = () => {
    if (--numEpochs === 0) setTimeout(() => controller.abort(), 1)
  }
  return fit(threeClasses, {
    ...options,
    ...more,
    directory,
    signal,
    onEpoch,
    checkpointSeconds: 0.02,
  }).catch((error: unknown) => error)
}

describe('a training in a folder', () => {
  it.each([
    ['', {}],
    [' with the best weights kept', { keep: 'best', monitor: 'validation.accuracy' }],
    [' with early stopping', { earlyStopping: { patience: 150, minDelta: 1e-4 } }],
    [' with a schedule', { optimizer: adam({ learningRate: cosine({ learningRate: 0.01, totalSteps: 9600 }) }) }],
    [
      ' with groups, one by a plateau, and an average of weights',
      {
        optimizer: groups({ '*.bias': adamw(plateau({ learningRate: 0.01, patience: 3 })), '*': muon(0.01) }),
        ema: 0.9,
        clip: clipByGlobalNorm(1),
      },
    ],
    [
      ' with local averaging of weights that are averages',
      { epochs: 150, averageEvery: 3, optimizer: lion(), ema: 0.9 },
    ],
    [' with local averaging', { epochs: 150, averageEvery: 3, averageParts: [2, 1] }],
  ] as const)('is resumed bit for bit%s, however often it is aborted', async (_, more) => {
    const whole = await fit(threeClasses, { ...options, ...more })
    const directory = await temporaryFolder()
    let interruptions = 0
    for (let numEpochs = 30; ; numEpochs += 30) {
      const outcome = await aborted(directory, numEpochs, { ...more, workers: 1 + (interruptions % 2) })
      if (!(outcome instanceof Error)) break
      expect(outcome.name).toBe('AbortError')
      interruptions++
    }
    expect(interruptions).toBeGreaterThan(0)
    const resumed = await fit(threeClasses, { ...options, ...more, directory })
    expect(bitsOf(resumed)).toEqual(bitsOf(whole))
    expect(resumed.bestEpoch).toBe(whole.bestEpoch)
  })

  it('starts in the middle of an epoch', async () => {
    const directory = await temporaryFolder()
    const controller = new AbortController()
    const onEpoch = ({ row }: { row: { epoch: number } }) => {
      if (row.epoch === 5) controller.abort()
    }
    const given = { ...options, directory, onEpoch, signal: controller.signal }
    await expect(fit(threeClasses, given)).rejects.toThrow(/abort/)
    const names = await readdir(join(directory, 'checkpoints'))
    const steps = names.flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number)
    const last = Math.max(...steps)
    expect(last).toBeGreaterThanOrEqual(5 * 24)
    const seen: StepProgress[] = []
    const signal = AbortSignal.timeout(400)
    const onStep = (progress: StepProgress) => seen.push(progress)
    await fit(threeClasses, { ...options, directory, signal, onStep }).catch(() => undefined)
    expect(seen[0]?.step ?? Infinity).toBeGreaterThanOrEqual(last)
  })

  it('is returned when it was done, without training', async () => {
    const directory = await temporaryFolder()
    const given = { ...options, epochs: 3, directory }
    const first = await fit(threeClasses, given)
    const epochs: number[] = []
    const again = await fit(threeClasses, {
      ...given,
      onEpoch: ({ row }) => epochs.push(row.epoch),
    })
    expect(epochs).toEqual([])
    expect(again.history).toEqual(first.history)
    expect(again.weights).toEqual(first.weights)
    expect(again.bestEpoch).toBe(first.bestEpoch)
  })

  it('is refused where another one has begun', async () => {
    const directory = await temporaryFolder()
    await fit(threeClasses, { ...options, epochs: 1, directory })
    const refusal = `directory: '${directory}' has another training in it (other data, model or options); choose another folder for this one`
    for (const change of [{ epochs: 2 }, { seed: 1 }, { batchSize: 8 }, { data: examples(203, 1) }]) {
      await expect(fit(threeClasses, { ...options, epochs: 1, directory, ...change })).rejects.toMatchObject({
        name: 'UserError',
        message: refusal,
      })
    }
  })

  it('goes on from the checkpoint before where its end is damaged, and says so', async () => {
    const directory = await temporaryFolder()
    const warnings: string[] = []
    const given = {
      ...options,
      epochs: 2,
      directory,
      onWarning: (text: string) => warnings.push(text),
    }
    const first = await fit(threeClasses, given)
    const end = join(directory, 'checkpoints', '48.safetensors')
    await appendFile(end, 'x')
    const again = await fit(threeClasses, given)
    expect(warnings).toEqual([`'${end}' is not as it was written; the checkpoint before it is taken`])
    expect(bitsOf(again)).toEqual(bitsOf(first))
    expect(bitsOf(await fit(threeClasses, given))).toEqual(bitsOf(first))
    expect(warnings).toHaveLength(1)
  })

  it('is refused where a file has another format', async () => {
    const directory = await temporaryFolder()
    await writeFile(join(directory, 'training.json'), '{"format":"other"}')
    await expect(fit(threeClasses, { ...options, directory })).rejects.toThrow(
      `directory: '${join(directory, 'training.json')}' is not what a training wrote; choose another folder`,
    )
  })

  it('continues where checkpoints cannot be written, and says so once', async () => {
    const directory = await temporaryFolder()
    // In the place of their folder.
    await writeFile(join(directory, 'checkpoints'), '')
    const warnings: string[] = []
    const onWarning = (text: string) => warnings.push(text)
    const given = { ...options, directory, onWarning, checkpointSeconds: 0.02 }
    const fitted = await fit(threeClasses, given)
    expect(bitsOf(fitted)).toEqual(bitsOf(await fit(threeClasses, options)))
    expect(warnings.filter((text) => text.startsWith('cannot write a checkpoint'))).toHaveLength(1)
  })

  it('is refused where the folder cannot be made', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    await expect(fit(threeClasses, { ...options, directory: join(file, 'below') })).rejects.toThrow(
      `directory: cannot `,
    )
    await expect(fit(threeClasses, { ...options, directory: '/proc/gradpool' })).rejects.toMatchObject({
      name: 'UserError',
    })
  })
})
