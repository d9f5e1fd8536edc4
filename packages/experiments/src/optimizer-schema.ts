/** Optimizers as a configuration gives them: the data of core, checked by core, with its defaults. */
import { FieldError, parseOptimizer, type Optimizer, type OptimizerData } from '@gradpool/core'
import { z } from 'zod'

export const optimizerSchema = z.custom<OptimizerData>().transform((value, context): Optimizer => {
  try {
    return parseOptimizer(value)
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    const { field, problem } = error
    const path = field === '' ? [] : field.split('.')
    context.issues.push({ code: 'custom', input: value, path, message: problem })
    return z.NEVER
  }
})
