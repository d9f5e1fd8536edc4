/** One training that every project runs, and what comes of it. */
import { expect } from 'vitest'
import { trained } from '../bundles/train.js'

/** The statements that train, on two threads, for a function; `fit` and others are to be imported. */
const body = `
  const image = Float32Array.from({ length: 2400 }, (_, i) => Math.sin(i * i))
  const label = Uint8Array.from({ length: 600 }, (_, row) => Number(image[4 * row] > 0))
  const data = arrays({ image: { values: image, shape: [4] }, label: { values: label, shape: [] } }, { test: 0.2 })
  const options = { optimizer: adam(0.01), batchSize: 32, microBatches: 4, epochs: 3, workers: 2 }
  const fitted = await fit(mlp({ hidden: [16] }), { data, ...options })
  const { accuracy } = await fitted.evaluate()
  return { hash: fitted.weightsHash, accuracy }
`

const names = '{ adam, arrays, fit, mlp }'

/** As files: a module and a script of CommonJS that export \`trained\`, and programs that print what came of it. */
export const trainingFiles = {
  'training.mjs': `import ${names} from 'gradpool'\nexport async function trained() {${body}}\n`,
  'training.cjs': `const ${names} = require('gradpool')\nexports.trained = async () => {${body}}\n`,
  'train.mjs': `import { trained } from './training.mjs'\nconsole.log(JSON.stringify(await trained()))\n`,
  'train.cjs': `require('./training.cjs').trained().then((result) => console.log(JSON.stringify(result)))\n`,
  'main.mjs': `import { trained } from './training.mjs'\ntrained().then((result) => console.log(JSON.stringify(result)))\n`,
} as const

let known: Promise<{ readonly hash: string; readonly accuracy: number }> | undefined

/** Whether a program printed what the training gives in this repository, and nothing else. */
export async function expectTrained(printed: string): Promise<void> {
  known ??= trained()
  expect(JSON.parse(printed)).toEqual(await known)
}

/** The hash of the weights alone, in a page or a log. */
export async function trainedHash(): Promise<string> {
  known ??= trained()
  return (await known).hash
}
