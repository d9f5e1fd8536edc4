/** The networks of tools/bench, as models and plain fields. */
import { autoencode, mlp } from '@gradpool/models'

export function modelOf({ layers, kind }) {
  const code = (layers.length - 1) / 2
  const scale = 1 / 255
  return kind === 'autoencode'
    ? autoencode({
        input: layers[0],
        encoder: layers.slice(1, code + 1),
        decoder: layers.slice(code + 1),
        outputActivation: 'relu',
        scale,
      })
    : mlp({ input: layers[0], hidden: layers.slice(1, -1), classes: layers.at(-1), scale })
}

/** For `fit`, from what `makeData` of tools/bench gives. */
export function fieldsOf({ layers }, { pixels, labels }) {
  return {
    image: { values: pixels, shape: [layers[0]] },
    label: { values: labels, shape: [] },
  }
}
