/** Sees that what a file says is the result of a run, before anything is shown of it. */
import { UserError } from '@gradpool/core'

type Kind = 'string' | 'number' | 'array' | 'null' | 'other'
type Shape = Readonly<Record<string, readonly Kind[]>>

const runShape: Shape = {
  run: ['string'],
  engine: ['string'],
  workers: ['number', 'null'],
  seconds: ['number'],
  experiments: ['array'],
}
const experimentShape: Shape = {
  name: ['string'],
  seed: ['number'],
  condition: ['string'],
  status: ['string'],
  accuracy: ['number', 'null'],
  reported: ['number', 'null'],
  seconds: ['number'],
  stages: ['array'],
}
const stageShape: Shape = { name: ['string'], hash: ['string'], epochs: ['array'] }
const epochShape: Shape = {
  epoch: ['number'],
  // JSON has no NaN and no infinity: such a number was written as null, and read as NaN.
  loss: ['number'],
  seconds: ['number'],
}

/** @throws UserError that names the file and the first field that is wrong. */
export function checkResult(value: unknown, path: string): void {
  const run = fieldsOf(value, runShape, path, 'it')
  each(run.experiments, (experiment, at) => {
    const { stages } = fieldsOf(experiment, experimentShape, path, at('experiments'))
    each(stages, (stage, at) => {
      const { epochs } = fieldsOf(stage, stageShape, path, at('stages'))
      each(epochs, (epoch, at) => fieldsOf(epoch, epochShape, path, at('epochs')))
    })
  })
}

function each(values: unknown, check: (value: unknown, at: (name: string) => string) => unknown): void {
  if (!Array.isArray(values)) return
  values.forEach((value: unknown, index) => check(value, (name) => `${name}[${index}]`))
}

function fieldsOf(value: unknown, shape: Shape, path: string, where: string): Readonly<Record<string, unknown>> {
  const fields = typeof value === 'object' && value !== null ? { ...value } : {}
  const found: Record<string, unknown> = fields
  const wrong = Object.keys(shape).find((name) => !shape[name]?.includes(kindOf(found[name])))
  if (wrong === undefined) return found
  throw new UserError(`'${path}' is damaged: ${where} has no proper field '${wrong}'`)
}

function kindOf(value: unknown): Kind {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const kind = typeof value
  return kind === 'string' || kind === 'number' ? kind : 'other'
}
