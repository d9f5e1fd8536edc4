/**
 * What compiles and what does not. Nothing here runs; the compiler checks it under the strictest
 * options, and an `@ts-expect-error` that is not needed is an error itself.
 */
import {
  adam,
  adamw,
  defineModel,
  frozen,
  groups,
  mean,
  oneCycle,
  plateau,
  sgd,
  softmax,
  type Batch,
  type Tensor,
} from '@gradpool/core'
import { arrays, mnist, type Dataset } from '@gradpool/datasets'
import { accuracy, confusionMatrix, crossEntropy, dense } from '@gradpool/models'
import { compare, crossValidate, explain, fit, loadModel, startTraining } from '../src/index.js'
import { examples } from '../src/testing/three-classes.js'

const model = defineModel({
  params: { hidden: dense(784, 64, { activation: 'relu' }), output: dense(64, 10) },
  step({ hidden, output }, { image, label }) {
    const logits = output(hidden(image))
    return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) }
  },
  predict({ hidden, output }, { image }) {
    return { probabilities: softmax(output(hidden(image))) }
  },
})

const data = examples(10)
const test = examples(10)

/** Takes any value. */
const see = (...values: unknown[]): number => values.length
const image = new Float32Array(784)

/** As the README has it. */
export async function sample(): Promise<number | undefined> {
  const fitted = await fit(model, {
    data,
    validation: 0.1,
    optimizer: adam(),
    batchSize: 128,
    epochs: 50,
    earlyStopping: { monitor: 'validation.loss', patience: 5 },
    keep: 'best',
    workers: 2,
    onEpoch({ row, stop }) {
      if (row.validation.accuracy > 0.99 && row.epoch > 3 && row.seconds > 0) stop()
    },
  })
  const judged: { loss: number; accuracy: number } = await fitted.evaluate(test)
  const { probabilities } = await fitted.predict({ image })
  await fitted.save('digits.gradpool')
  const digits = await loadModel('digits.gradpool', {
    inputs: ['image'],
    outputs: ['probabilities'],
  })
  const loaded: Float32Array = (await digits.predict({ image })).probabilities
  return fitted.history.at(-1)?.validation.loss ?? judged.loss + (probabilities[0] ?? 0) + loaded.length
}

/**
 * A data set that comes with validation examples, one that has none, and one of which nothing is
 * known.
 */
export async function whetherThereIsValidation(dataset: Dataset): Promise<void> {
  const digits = await fit(model, { data: mnist() })
  const always: number | undefined = digits.history.at(-1)?.validation.accuracy
  const none = await fit(model, { data })
  // @ts-expect-error There is no validation data.
  const never: unknown = none.history.at(-1)?.validation
  const loaded = await fit(model, { data: dataset })
  // @ts-expect-error There may be none.
  const unsure: number | undefined = loaded.history.at(-1)?.validation.accuracy
  const perhaps: number | undefined = loaded.history.at(-1)?.validation?.accuracy
  const spec = await fit(model, { data: arrays(data, { validation: 0.1 }) })
  const maybe: number | undefined = spec.history.at(-1)?.validation?.loss
  const own = await fit(model, { data, validation: examples(7) })
  const own1: number | undefined = own.history.at(-1)?.validation.loss
  see(always, never, unsure, perhaps, maybe, own1)
}

export async function whatIsMisspelt(): Promise<void> {
  const fitted = await fit(model, { data, validation: 0.1 })
  // @ts-expect-error A metric that the model does not have.
  see(fitted.history.at(-1)?.acuracy)
  // @ts-expect-error Nor for validation.
  see(fitted.history.at(-1)?.validation.acuracy)
  // @ts-expect-error Nor in an evaluation.
  see((await fitted.evaluate(test)).acuracy)
  const monitor = 'validation.acc'
  // @ts-expect-error Nor as a monitor.
  await fit(model, { data, validation: 0.1, earlyStopping: { monitor, patience: 1 } })
  // @ts-expect-error There is no validation data to monitor.
  await fit(model, { data, earlyStopping: { monitor: 'validation.loss', patience: 1 } })
  await fit(model, { data, earlyStopping: { monitor: 'loss', patience: 1 } })
  // @ts-expect-error An option.
  await fit(model, { data, epoch: 3 })
  // @ts-expect-error A field that the model reads and the data does not have.
  await fit(model, { data: { image: data.image } })
  // @ts-expect-error A field that the model's predict does not read.
  await fitted.predict({ imgae: image })
  // @ts-expect-error An output that it does not have.
  see((await fitted.predict({ image })).probability)
  const digits = await loadModel('digits.gradpool', { inputs: ['image'], outputs: ['code'] })
  // @ts-expect-error One that was not named.
  see((await digits.predict({ image })).probabilities)
}

const named = defineModel({
  params: { out: dense(3, 1) },
  step({ out }, { x, y }: Batch<'x' | 'y'>) {
    const error: Tensor = crossEntropy(out(x), y)
    return { loss: error, counts: confusionMatrix(out(x), y) }
  },
  predict: ({ out }, { x }: Batch<'x'>) => ({ y: out(x) }),
})

/** Fields of other names, and a metric that is no number. */
export async function otherNames(): Promise<void> {
  const x = { values: new Float32Array(6), shape: [3] }
  const y = { values: new Uint8Array(2), shape: [] }
  const fitted = await fit(named, { data: { x, y }, test: { x, y } })
  const counts: readonly (readonly number[])[] | undefined = fitted.history.at(-1)?.counts
  const { counts: again } = await fitted.evaluate()
  await fitted.predict({ x: x.values })
  // @ts-expect-error What is counted in a matrix is no monitor.
  await fit(named, { data: { x, y }, monitor: 'counts', keep: 'best' })
  const trainer = await startTraining(named, { fields: { x: { shape: [3] }, y: { shape: [] } } })
  const { loss }: { loss: number } = await trainer.step({ x: x.values, y: y.values })
  // @ts-expect-error A field that the model reads.
  await trainer.step({ x: x.values })
  see(counts, again, loss)
}

/** Several losses are each a metric, which may be monitored. */
export async function severalLosses(): Promise<number | undefined> {
  const pair = defineModel({
    params: { one: dense(784, 1), other: dense(784, 1) },
    step({ one, other }, { image }) {
      return { loss: { one: mean(one(image)), other: mean(other(image)) }, size: mean(image) }
    },
  })
  const fitted = await fit(pair, {
    data,
    validation: 0.1,
    optimizer: groups({ one: adam(), other: frozen() }),
    earlyStopping: { monitor: 'validation.one', patience: 3 },
    ema: 0.999,
    accumulate: 4,
  })
  // @ts-expect-error There is no loss of that name.
  see(fitted.history.at(-1)?.third)
  // @ts-expect-error The averages have a decay, and no other setting.
  await fit(pair, { data, ema: { decay: 0.9 } })
  return fitted.history.at(-1)?.validation.other
}

/** Optimizers, and what groups may have. */
export function optimizers(): number {
  // @ts-expect-error No optimizer is a number.
  see(groups({ '*': 0.1 }))
  // @ts-expect-error Groups do not nest.
  see(groups({ '*': groups({ '*': sgd() }) }))
  // @ts-expect-error A plateau has no end.
  see(adam(plateau({ learningRate: 1, totalSteps: 3 })))
  // @ts-expect-error A misspelt field.
  see(adamw({ weigthDecay: 0 }))
  return see(adam(oneCycle(0.1)), groups({ '*.bias': adamw({ weightDecay: 0 }), '*': frozen() }))
}

/** Names of metrics, outputs and options, also where a model is judged. */
export async function judging(): Promise<void> {
  const judged = await crossValidate(model, { data, validation: 0.1, monitor: 'validation.accuracy', folds: 3 })
  const share: number = judged.mean.accuracy
  // @ts-expect-error A metric that the model does not have.
  see(judged.mean.acuracy)
  // @ts-expect-error Nor can it be compared.
  compare(judged, judged, 'acuracy')
  // @ts-expect-error Folds are what it is tested on.
  await crossValidate(model, { data, test: 0.1 })
  // @ts-expect-error There is no validation data to monitor.
  await crossValidate(model, { data, monitor: 'validation.loss' })
  const probabilities: number | undefined = judged.predictions[0]?.probabilities[0]
  // @ts-expect-error An output that it does not have.
  see(judged.predictions[0]?.logits)
  const counted = await crossValidate(named, { data: { x: data.image, y: data.label } })
  // @ts-expect-error What is counted in a matrix has no mean.
  see(counted.mean.counts)
  const { dependence } = await explain(await fit(model, { data }), { data, metric: 'accuracy' })
  const { mean } = await dependence('image[3]')
  see(share, probabilities, mean.probabilities)
}
