/** Nothing of a fitted model keeps a process alive. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const script = `
import { mlp } from '@gradpool/models'
import { fit, startTraining } from '@gradpool/trainer'
const image = Float32Array.from({ length: 4000 }, (_, i) => Math.sin(i * i))
const label = Uint8Array.from({ length: 1000 }, (_, row) => Number(image[4 * row] > 0))
const data = { image: { values: image, shape: [4] }, label: { values: label, shape: [] } }
const model = mlp({ input: 4, hidden: [1000], classes: 2 })
const fitted = await fit(model, { data, epochs: 2, workers: 2 })
await fitted.evaluate(data)
await fitted.predict({ image })
const fields = { image: { shape: [4] }, label: { shape: [], dtype: 'u8' } }
const trainer = await startTraining(model, { fields })
await trainer.step({ image, label })
console.log('done')
`

it('a script that fits, evaluates, predicts and steps ends by itself', () => {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const args = ['--input-type=module', '--eval', script]
  const output = execFileSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 60_000 })
  expect(output).toBe('done\n')
})
