/**
 * The dataset of an experiment as a configuration gives it; the data of `mnist(...)` in @gradpool/datasets.
 */
import { z } from 'zod'

export const dataSchema = z.strictObject({
  kind: z.literal('mnist'),
  /** The fraction of the training labels that the supervised stage may see. */
  labelled: z.number().positive().max(1).default(1),
  /** The fraction of the training labels held back to validate. */
  validation: z
    .number()
    .min(0)
    .lt(1)
    .default(1 / 60),
  /** Of the choice of rows. */
  seed: z.int().default(0),
})
