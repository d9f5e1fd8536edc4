import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import { afterAll, expect, test } from 'vitest'
import { main } from '../main.js'
import { keptIo } from '../testing/streams.js'

const folder = mkdtempSync(join(tmpdir(), 'gradpool-augmented-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Three images of 32 × 40 pixels, each of one colour on the left and black on the right. */
function experiment(name: string, classify: string): string {
  const path = join(folder, name)
  writeFileSync(
    path,
    `import { arrays, classify } from 'gradpool'
const shape = [32, 40, 3]
const values = Uint8Array.from({ length: 3 * 32 * 40 * 3 }, (_, i) =>
  i % 120 < 60 && i % 3 === Math.floor(i / 3840) ? 200 : 0)
const label = { values: new Uint8Array([0, 1, 2]), shape: [] }
export default {
  name: 'own',
  data: arrays({ image: { values, shape }, label }),
  stages: [classify(${classify})],
}`,
  )
  return path
}

async function run(...args: readonly string[]) {
  const { io, stdout, stderr } = keptIo()
  const code = await main(['data', ...args], io)
  return { code, stdout: stdout(), stderr: stderr() }
}

test('a sheet has each image as it is, and as it is in six steps', async () => {
  const sheet = join(folder, 'sheet.png')
  const file = experiment('flipping.mjs', "{ hidden: [], augment: [{ kind: 'flip' }] }")
  const { code, stdout } = await run(file, '--augmented', sheet)
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `${sheet}: an image in each row, as it is and under flip in 6 steps\n`,
  })
  const { width, height, data } = PNG.sync.read(readFileSync(sheet))
  expect([width, height]).toEqual([8 + 7 * 88, 8 + 3 * 72])
  const at = (x: number, y: number) => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)]
  const seen = new Set<boolean>()
  for (let row = 0; row < 3; row++) {
    const colour = [0, 0, 0].with(row, 200)
    for (let column = 0; column < 7; column++) {
      const [left, top] = [8 + column * 88, 8 + row * 72]
      const ends = [at(left, top), at(left + 79, top + 63)]
      const isFlipped = ends[0]?.[row] === 0
      expect(isFlipped ? ends.toReversed() : ends).toEqual([colour, [0, 0, 0]])
      if (column === 0) expect(isFlipped).toBe(false)
      seen.add(isFlipped)
    }
  }
  expect(seen.size).toBe(2)
  expect(at(0, 0)).toEqual([255, 255, 255])
})

test('a sheet has images that are mixed with others', async () => {
  const sheet = join(folder, 'mixed.png')
  const file = experiment('mixing.mjs', "{ hidden: [], augment: [{ kind: 'mixup', alpha: 1 }] }")
  const { code, stdout } = await run(file, '--augmented', sheet)
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: `${sheet}: an image in each row, as it is and under mixup in 6 steps\n`,
  })
  const { width, data } = PNG.sync.read(readFileSync(sheet))
  const at = (x: number, y: number) => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)]
  const corners = [0, 1, 2].flatMap((row) => [1, 2, 3, 4, 5, 6].map((column) => at(8 + column * 88, 8 + row * 72)))
  // Of two images at most, whose shares of 200 are 200 in all.
  for (const colour of corners) {
    expect(Math.abs(colour.reduce((a, b) => a + b) - 200)).toBeLessThanOrEqual(1)
    expect(colour.filter((part) => part > 0).length).toBeLessThanOrEqual(2)
  }
  expect(corners.some((colour) => colour.filter((part) => part > 0).length === 2)).toBe(true)
})

test('an experiment that augments nothing is refused, and no file written', async () => {
  const plain = experiment('plain.mjs', '{ hidden: [] }')
  const before = readdirSync(folder)
  const { code, stderr } = await run(plain, '--augmented', join(folder, 'none.png'))
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: "'own' augments no images as they come: a stage says so by classify({ augment: [{ kind: 'flip' }] })\n",
  })
  expect(readdirSync(folder)).toEqual(before)
  expect((await run('report', '--augmented', join(folder, 'none.png'))).stderr).toMatch(
    /of one experiment, and 'report' is 6/,
  )
})
