/** Several models as one. */
import { UserError, type Values } from '@gradpool/core'
import { emptyLike } from '../predict/rows-of.js'
import { meanOf } from './statistics.js'

/** What predicts: a fitted or a loaded model, or an ensemble. */
export interface Predicting<Inputs, Outputs> {
  predict(inputs: Inputs): Promise<Outputs>
}

/**
 * A model whose predictions are the means of those of several, which err less than each does where they err apart: of
 * other seeds, or of other parts of the data. Of whole numbers, as classes, it is the most frequent; of several the
 * smallest.
 *
 * Source: Hansen & Salamon, "Neural network ensembles" (1990).
 *
 * @throws UserError where there are no models, or their predictions are not of one shape
 */
export function ensemble<Inputs, Outputs extends Readonly<Record<string, Values>>>(
  models: readonly Predicting<Inputs, Outputs>[],
): Predicting<Inputs, Outputs> {
  if (models.length === 0) throw new UserError('ensemble needs at least one model')
  return {
    async predict(inputs) {
      const all = await Promise.all(models.map((model) => model.predict(inputs)))
      const [first] = all
      const joined = Object.entries(first ?? {}).map(([name, like]) => {
        const each = all.flatMap((outputs) => outputs[name] ?? [])
        if (each.length < all.length || each.some(({ length }) => length !== like.length)) {
          throw new UserError(`ensemble: the models' '${name}' are not of one shape`)
        }
        return [name, joinedValues(like, each)] as const
      })
      // The names and types are those of the models.
      return Object.fromEntries(joined) as unknown as Outputs
    },
  }
}

function joinedValues(like: Values, each: readonly Values[]): Values {
  const joined = emptyLike(like, like.length)
  const choose = like instanceof Float32Array ? meanOf : mostFrequent
  for (let i = 0; i < joined.length; i++) joined[i] = choose(each.map((values) => values[i] ?? NaN))
  return joined
}

function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const [most = NaN] = [...counts].toSorted(([a, m], [b, n]) => n - m || a - b)[0] ?? []
  return most
}
