/* eslint-disable @nx/enforce-module-boundaries -- the README's example, as a user writes it */
import {
  add,
  type Batch,
  evaluate,
  mean,
  mul,
  parameter,
  sgd,
  square,
  defineModel,
  sub,
  train,
  zeros,
} from '@gradpool/core'

const line = defineModel({
  params: { slope: parameter([], zeros), intercept: parameter([], zeros) },
  step({ slope, intercept }, { x, y }: Batch<'x' | 'y'>) {
    const prediction = add(mul(slope, x), intercept) // [batch]
    return { loss: mean(square(sub(prediction, y))) }
  },
})

// Traced once: model, gradients and optimizer are now one Program, which is data.
const scalar = { dtype: 'f32', shape: [] } as const
const data = { fields: { x: scalar, y: scalar }, numExamples: 5 }
const { program } = train(line, { optimizer: sgd({ learningRate: 0.1 }), batchSize: 5, data })
console.log(program.toString())

// An engine runs it fast; this is the plain evaluator, which shows what it means.
const batch = { x: [-1, -0.5, 0, 0.5, 1], y: [-4, -2.5, -1, 0.5, 2] } // y = 3x - 1
let { state } = evaluate(program, { batch })
for (let step = 1; step < 300; step++) state = evaluate(program, { batch, state, step }).state
console.log(state.slope, state.intercept) // Float64Array(1) [ 3.00 ], Float64Array(1) [ -1.00 ]
