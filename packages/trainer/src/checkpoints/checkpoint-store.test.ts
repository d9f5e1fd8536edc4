import { appendFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../testing/temporary-folder.js'
import type { Checkpoint } from './checkpoint.js'
import { CheckpointStore } from './checkpoint-store.js'
import { EpochRows } from './epoch-rows.js'

/**
 * Of `seconds`, `loss`, `accuracy`, `validation.loss` and the six values of `validation.confusion`.
 */
const ROW_BYTES = 8 * 10

/** After so many epochs of a step each; `seconds` are not the same each time. */
function after(numEpochs: number, seconds = 1): Checkpoint {
  const epochs = new EpochRows()
  for (let epoch = 1; epoch <= numEpochs; epoch++) {
    const loss = 1 / epoch
    const validation = {
      loss: -loss,
      confusion: [
        [epoch, 0, 1],
        [2, 3, 4],
      ],
    }
    epochs.push({ epoch, seconds, loss, accuracy: epoch % 2 ? NaN : loss, validation })
  }
  return {
    hash: 'a',
    numerics: 'exact',
    epochs,
    seconds,
    position: { step: numEpochs, since: numEpochs, sums: {}, rows: {}, lastLoss: 0 },
    states: new Map([['w', { shape: [1], values: Float32Array.of(numEpochs) }]]),
  }
}

const wanted = { hash: 'a', numerics: 'exact' }

let folder: string
let rowsFile: string
beforeEach(async () => {
  folder = join(await temporaryFolder(), 'checkpoints')
  rowsFile = join(folder, 'epochs.f64')
})

/** As another process finds it. */
async function latest(): Promise<{ checkpoint: Checkpoint | undefined; damages: string[] }> {
  const damages: string[] = []
  const checkpoint = await new CheckpointStore(folder).latest(wanted, (message) => damages.push(message))
  return { checkpoint, damages }
}

describe('a store of checkpoints', () => {
  it('gives back the last one, with all rows, and keeps two', async () => {
    const store = new CheckpointStore(folder)
    for (const numEpochs of [0, 1, 5, 5, 200]) await store.save(after(numEpochs))
    expect(await latest()).toEqual({ checkpoint: after(200), damages: [] })
    expect(await readdir(folder)).toEqual(
      expect.arrayContaining(['200.json', '200.safetensors', '5.json', '5.safetensors']),
    )
    expect(await readdir(folder)).toHaveLength(5)
  })

  it('removes only files that it names itself', async () => {
    const store = new CheckpointStore(folder)
    await store.save(after(1))
    await writeFile(join(folder, 'notes.txt'), 'mine')
    await writeFile(join(folder, '1.json.17.tmp'), 'cut off')
    for (const numEpochs of [2, 3]) await store.save(after(numEpochs))
    expect((await readdir(folder)).sort()).toEqual([
      ...['2.json', '2.safetensors', '3.json', '3.safetensors', 'epochs.f64', 'notes.txt'],
    ])
    await store.clear()
    expect(await readdir(folder)).toEqual(['notes.txt'])
    await rm(join(folder, 'notes.txt'))
    await store.clear()
    await store.clear()
    await expect(readdir(folder)).rejects.toThrow('ENOENT')
  })

  it('writes no more at a checkpoint when there were many epochs', async () => {
    const store = new CheckpointStore(folder)
    const sizeOf = async (name: string) => (await stat(join(folder, name))).size
    await store.save(after(10))
    const first = await sizeOf('10.json')
    await store.save(after(10_000))
    expect(await sizeOf('10000.json')).toBeLessThan(first + 20)
    const kept = await readFile(rowsFile)
    // What stands there is not written again.
    await writeFile(rowsFile, Buffer.alloc(kept.length))
    await store.save(after(10_001))
    const written = await readFile(rowsFile)
    expect(written.subarray(0, kept.length)).toEqual(Buffer.alloc(kept.length))
    expect(written.length).toBe(kept.length + ROW_BYTES)
  })

  it('writes over rows that no checkpoint goes by', async () => {
    await new CheckpointStore(folder).save(after(3))
    await appendFile(rowsFile, 'rows of a checkpoint that was cut off, in part')
    const store = new CheckpointStore(folder)
    expect(await store.latest(wanted, expect.unreachable)).toEqual(after(3))
    const next = after(5)
    await store.save(next)
    expect(await latest()).toEqual({ checkpoint: next, damages: [] })
  })

  it('takes the one before where the last has lost rows, and goes on from there', async () => {
    const before = new CheckpointStore(folder)
    await before.save(after(3))
    await before.save(after(6))
    await truncate(rowsFile, 5 * ROW_BYTES)
    const store = new CheckpointStore(folder)
    const damages: string[] = []
    expect(await store.latest(wanted, (message) => damages.push(message))).toEqual(after(3))
    expect(damages).toEqual([`'${rowsFile}' is not as it was written; the checkpoint before it is taken`])
    // The rows of epochs that are trained again have seconds of their own.
    const again = after(7)
    await store.save(again)
    expect((await latest()).checkpoint).toEqual(again)
  })

  it.each([
    ['is gone', () => rm(rowsFile)],
    ['is cut short', () => truncate(rowsFile, ROW_BYTES - 1)],
    ['has another byte', async () => writeFile(rowsFile, (await readFile(rowsFile)).fill(1, 7, 8))],
  ])('has none where the file of the rows %s', async (_, damage) => {
    await new CheckpointStore(folder).save(after(2))
    await damage()
    const { checkpoint, damages } = await latest()
    expect(checkpoint).toBeUndefined()
    expect(damages).toHaveLength(1)
    await new CheckpointStore(folder).save(after(1))
    await rm(join(folder, '2.json'))
    expect((await latest()).checkpoint).toEqual(after(1))
  })

  it.each([
    ['another training', { ...wanted, hash: 'b' }],
    ['another engine', { ...wanted, numerics: 'fast' }],
  ])('gives none of %s', async (_, other) => {
    await new CheckpointStore(folder).save(after(2))
    const damages: string[] = []
    expect(await new CheckpointStore(folder).latest(other, (message) => damages.push(message))).toBeUndefined()
    expect(damages).toEqual([`'${join(folder, '2.json')}' is of another training; the checkpoint before it is taken`])
  })

  it.each(['2.json', '2.safetensors', 'epochs.f64'])(
    'has none with a folder in the place of %s, and writes',
    async (name) => {
      await new CheckpointStore(folder).save(after(2))
      await rm(join(folder, name))
      await mkdir(join(folder, name, 'inner'), { recursive: true })
      const { checkpoint, damages } = await latest()
      expect(checkpoint).toBeUndefined()
      expect(damages).toEqual([expect.stringMatching(/ is a folder, not a file; the checkpoint before it is taken$/)])
      const store = new CheckpointStore(folder)
      for (const numEpochs of [3, 4]) await store.save(after(numEpochs))
      expect((await latest()).checkpoint).toEqual(after(4))
      expect(await readdir(folder)).toHaveLength(5)
    },
  )

  it('does without a file of rows before the first epoch is done', async () => {
    await new CheckpointStore(folder).save(after(0))
    expect(await readdir(folder)).toEqual(['0.json', '0.safetensors'])
    expect((await latest()).checkpoint).toEqual(after(0))
  })
})
