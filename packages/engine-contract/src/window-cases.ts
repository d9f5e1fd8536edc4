/** Cases of convolution and pooling: few channels and many, one axis to three, and shapes that no vector divides. */
import {
  abs,
  add,
  averagePool,
  concat,
  conv,
  convTranspose,
  grad,
  maxPool,
  minimum,
  mul,
  relu,
  reshape,
  slice,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  type ConvolutionOptions,
  type Tensor,
} from '@gradpool/core'

interface Numbers {
  readonly x: Tensor
  readonly y: Tensor
  readonly z: Tensor
}

/** The elements of `t`, as often as they are needed to fill a shape. */
function filled(t: Tensor, shape: readonly number[]): Tensor {
  const size = shape.reduce((a, b) => a * b, 1)
  const elements = reshape(t, [-1])
  const copies = Math.ceil(size / (elements.shape[0] ?? 1))
  return reshape(
    slice(
      concat(
        Array.from({ length: copies }, () => elements),
        0,
      ),
      [0],
      [size],
    ),
    shape,
  )
}

/** Images of numbers that only begin again after 420 of them. */
function images({ x, z }: Numbers, shape: readonly number[]): Tensor {
  return mul(filled(z, shape), filled(add(x, 1.5), shape))
}

/** A convolution of images with a filter of these shapes. */
function convolved(image: readonly number[], filter: readonly number[], options: ConvolutionOptions = {}) {
  return (fields: Numbers): Tensor => conv(images(fields, image), filled(fields.y, filter), options)
}

/** The first gradient of a sum of squares. */
function slope(value: Tensor, by: Tensor): Tensor {
  return grad(sum(square(value)), [by])[0] ?? value
}

export const WINDOW_CASES: Readonly<Record<string, (fields: Numbers) => Tensor>> = {
  'conv over one axis': ({ x, y }) => conv(reshape(x, [5, 7, 1]), filled(y, [3, 1, 4]), { padding: 'same' }),
  'conv over two axes': ({ z, y }) => conv(reshape(z, [5, 3, 4, 1]), filled(y, [2, 3, 1, 5])),
  'conv over three axes': convolved([2, 3, 4, 5, 2], [2, 3, 2, 2, 3], { padding: 'same', strides: [1, 2, 1] }),
  'conv, strided': convolved([3, 6, 7, 3], [3, 2, 3, 5], { strides: [2, 3], padding: 1 }),
  'conv, strides beyond the window': convolved([2, 7, 8, 2], [2, 1, 2, 3], { strides: [3, 4] }),
  'conv, dilated': convolved([2, 7, 8, 2], [3, 3, 2, 17], { dilations: [2, 3], padding: 'same' }),
  'conv, dilated and strided': convolved([2, 9, 8, 3], [2, 3, 3, 4], {
    dilations: [3, 2],
    strides: 2,
    padding: [1, [0, 2]],
  }),
  'conv in groups': convolved([2, 5, 5, 6], [3, 3, 2, 9], { groups: 3, padding: 'same' }),
  'conv in groups, dilated': convolved([2, 5, 4, 4], [2, 3, 2, 6], { groups: 2, dilations: [1, 2], padding: 'same' }),
  'conv, depthwise': convolved([2, 6, 5, 19], [3, 3, 1, 19], { groups: 19, strides: 2, padding: 'same' }),
  'conv, depthwise, with more filters': convolved([2, 5, 5, 3], [2, 2, 1, 6], { groups: 3 }),
  'conv, depthwise, over one axis': convolved([3, 9, 5], [3, 1, 5], { groups: 5, padding: 2, strides: 2 }),
  'conv, depthwise, dilated': convolved([2, 6, 5, 3], [3, 2, 1, 6], {
    groups: 3,
    dilations: 2,
    strides: [1, 2],
    padding: 'same',
  }),
  'conv of one channel': convolved([2, 9, 9, 1], [5, 5, 1, 16], { padding: 'same' }),
  'conv of one tap': convolved([2, 4, 4, 20], [1, 1, 20, 33]),
  'conv of many channels': convolved([1, 4, 5, 18], [3, 3, 18, 35], { padding: 'same' }),
  'conv of windows larger than the image': convolved([2, 2, 3, 2], [5, 5, 2, 3], { padding: 'same' }),
  'conv of windows that see nothing': convolved([2, 1, 3, 2], [2, 2, 2, 3], { dilations: 2, padding: [1, 0] }),
  'conv of one element': convolved([1, 1, 1, 1], [1, 1, 1, 1], { strides: 7 }),
  'conv, bias, relu': ({ z, y }) => {
    const filter = filled(y, [3, 3, 1, 6])
    return relu(add(conv(reshape(z, [5, 3, 4, 1]), filter, { padding: 'same' }), filled(y, [6])))
  },
  'conv used twice': ({ z, y }) => {
    const image = reshape(z, [5, 3, 4, 1])
    const once = conv(image, filled(y, [3, 3, 1, 1]), { padding: 'same' })
    return add(relu(once), conv(sub(once, 0.5), filled(y, [1, 3, 1, 1]), { padding: 'same' }))
  },
  'conv of a filter that images make': ({ x, z }) =>
    conv(reshape(z, [5, 3, 4, 1]), tanh(reshape(slice(x, [0, 0], [2, 6]), [2, 2, 1, 3]))),
  'the gradient of conv by its filter': ({ z, y }) => {
    const filter = filled(y, [2, 2, 1, 3])
    return slope(conv(reshape(z, [5, 3, 4, 1]), filter), filter)
  },
  'the gradient of conv by its images': ({ z, y }) => {
    const image = reshape(z, [5, 3, 4, 1])
    return slope(conv(image, filled(y, [2, 2, 1, 3]), { strides: 2, padding: 'same' }), image)
  },
  convTranspose: (fields) =>
    convTranspose(images(fields, [2, 3, 4, 5]), filled(fields.y, [3, 3, 4, 5]), { strides: 2, padding: 'same' }),
  'convTranspose over one axis': ({ x, y }) =>
    convTranspose(reshape(x, [5, 7, 1]), filled(y, [4, 3, 1]), { strides: 3 }),
  'convTranspose, in groups, dilated': (fields) =>
    convTranspose(images(fields, [2, 3, 4, 6]), filled(fields.y, [2, 3, 2, 6]), {
      groups: 3,
      dilations: 2,
      strides: [2, 1],
    }),
  'convTranspose to given extents': (fields) =>
    convTranspose(images(fields, [2, 3, 2, 2]), filled(fields.y, [3, 2, 3, 2]), {
      strides: [3, 2],
      padding: 1,
      outputs: [9, 3],
    }),
  maxPool: ({ z }) => maxPool(reshape(z, [5, 3, 4, 1]), 2),
  'maxPool over one axis': ({ x }) => maxPool(reshape(x, [5, 7, 1]), 3, { strides: 2 }),
  'maxPool over three axes': (fields) => maxPool(images(fields, [2, 3, 4, 5, 2]), [2, 1, 3], { padding: 'same' }),
  'maxPool of windows that overlap': (fields) =>
    maxPool(images(fields, [2, 7, 6, 19]), 3, { strides: 2, padding: 'same' }),
  'maxPool, padded before': ({ z }) =>
    maxPool(reshape(z, [5, 3, 4, 1]), 3, {
      strides: [1, 2],
      padding: [
        [2, 1],
        [1, 0],
      ],
    }),
  'maxPool of what is below 0': ({ z }) =>
    maxPool(sub(reshape(minimum(abs(z), 0.9), [5, 3, 4, 1]), 3), 2, { padding: 'same' }),
  // The first has a gradient, the other has none: by which it shows who was taken.
  'maxPool of equals': ({ x }) => {
    const own = reshape(x, [5, 7, 1, 1])
    const pair = (first: Tensor, second: Tensor) => maxPool(concat([first, second], 2), [1, 2])
    return add(pair(own, stopGradient(own)), mul(pair(stopGradient(own), own), 2))
  },
  'the gradient of maxPool': ({ z }) => {
    const image = reshape(z, [5, 3, 4, 1])
    return mul(slope(maxPool(image, 2, { strides: 1 }), image), image)
  },
  averagePool: (fields) => averagePool(images(fields, [2, 5, 6, 3]), 3, { strides: 2, padding: 'same' }),
  'averagePool over one axis': ({ x }) => averagePool(reshape(x, [5, 7, 1]), 2),
  'conv, bias, relu, maxPool': ({ z, y }) => {
    const filter = filled(y, [3, 2, 1, 6])
    const hidden = relu(add(conv(reshape(z, [5, 3, 4, 1]), filter, { padding: 'same' }), filled(y, [6])))
    return maxPool(hidden, [3, 2])
  },
}
