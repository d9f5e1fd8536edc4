/** What layers over spatial axes share. */
import { type Tensor, UserError } from '@gradpool/core'

export type SpatialRank = 1 | 2 | 3

const AXES = [[], ['length'], ['height', 'width'], ['depth', 'height', 'width']] as const

/** @throws UserError unless `x` has a batch, this many spatial axes, and channels */
export function checkRank(name: string, x: Tensor, rank: SpatialRank): void {
  if (x.rank === rank + 2) return
  throw new UserError(`${name}: x must be [batch, ${AXES[rank].join(', ')}, channels], not ${x.toString()}`)
}
