/** Codes of images, by the encoder that an index carries. */
import { UserError, type Values } from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import { type Encoder } from '@gradpool/hashing'
import { loadModel } from '@gradpool/trainer'

export interface Images {
  /** One after the other. */
  readonly pixels: Values
  readonly imageShape: readonly [height: number, width: number]
}

/** [images, bits]. @throws UserError for images that the encoder does not take */
export async function codesOf(encoder: Encoder, { pixels, imageShape }: Images): Promise<Float32Array> {
  const model = await loadModel(encoder.bytes, { inputs: ['image'], outputs: ['code'] })
  try {
    const { shape } = model.inputs.image
    if (sizeOf(shape) !== sizeOf(imageShape)) {
      throw new UserError(
        `${encoder.model.name} does not fit images of ${imageShape.join(' × ')} pixels: it reads [${shape.join(', ')}]`,
      )
    }
    return (await model.predict({ image: pixels })).code
  } finally {
    await model.dispose()
  }
}
