/** Batch normalisation and its gradients against tfjs. */
import { grad, mul, sum } from '@gradpool/core'
import { Binding, evaluate, traceProgram } from '@gradpool/core/engine'
import { expect, test } from 'vitest'
import { wave } from '../testing/describe-layer.js'
import { tf } from '../testing/tfjs.js'
import { batchNorm } from './batch-norm.js'

test('training: output and gradients are those of tfjs', () => {
  const [batch, features, epsilon] = [6, 4, 1e-3]
  const values = {
    x: wave(batch * features, 1),
    scale: wave(features, 2),
    shift: wave(features, 3),
    weights: wave(batch * features, 4),
  }
  const program = traceProgram((trace) => {
    const binding = new Binding(trace, true)
    const layer = binding.bind(batchNorm(features, { epsilon }))
    const x = trace.state('input', [batch, features], { kind: 'constant', value: 0 })
    const parameters = binding.trainable.map(({ tensor }) => tensor)
    const output = layer(x)
    trace.result('output', output)
    const weights = trace.batch('weights', 'f32', [batch, features])
    grad(sum(mul(output, weights)), [x, ...parameters]).forEach((gradient, i) => {
      trace.result(`gradient ${i}`, gradient)
    })
  })
  const { results } = evaluate(program, {
    state: { input: values.x, scale: values.scale, shift: values.shift },
    batch: { weights: values.weights },
  })

  const features1d = (values: readonly number[]) => tf.tensor1d([...values])
  const normalise = (x: tf.Tensor2D, scale: tf.Tensor1D, shift: tf.Tensor1D) => {
    const { mean, variance } = tf.moments(x, 0)
    return tf.batchNorm2d(x, mean as tf.Tensor1D, variance as tf.Tensor1D, shift, scale, epsilon)
  }
  const weights = tf.tensor2d(values.weights, [batch, features])
  const x = tf.tensor2d(values.x, [batch, features])
  const scale = features1d(values.scale)
  const shift = features1d(values.shift)
  const gradientOf = tf.grads((x, scale, shift) => {
    const output = normalise(x as tf.Tensor2D, scale as tf.Tensor1D, shift as tf.Tensor1D)
    return tf.sum(tf.mul(output, weights))
  })
  const gradients = gradientOf([x, scale, shift])
  const expected = [normalise(x, scale, shift), ...gradients]
  const actual = ['output', 'gradient 0', 'gradient 1', 'gradient 2'].map((name) => results[name])
  expected.forEach((tensor, i) => {
    tensor.dataSync().forEach((value, j) => expect(actual[i]?.[j]).toBeCloseTo(value, 4))
  })
})
