/** What a model reads and predicts, in words. */
import { type ValueType } from '@gradpool/trainer'

/** By name. */
export type Inputs = Readonly<Record<string, ValueType>>

/** `u8[28, 28]` */
export function typeText({ dtype, shape }: ValueType): string {
  return `${dtype}[${shape.join(', ')}]`
}

/** `image u8[784], size f32[]` */
export function typesText(types: Inputs): string {
  const texts = Object.entries(types).map(([name, type]) => `${name} ${typeText(type)}`)
  return texts.join(', ')
}
