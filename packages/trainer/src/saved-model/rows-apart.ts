/** Whether each row of a Program's results follows from that row of its fields alone. */
import { batchAxes, type Program } from '@gradpool/core/engine'

/**
 * The names of the results for which it does not: that depend on other rows of the batch, or on
 * none.
 */
export function mixedResults(program: Program): string[] {
  const axes = batchAxes(program)
  const fields = new Set(program.fields.map(({ node }) => node))
  const kinds: ('constant' | 'rows' | 'mixed')[] = []
  program.nodes.forEach(({ inputs }, index) => {
    const operands = inputs.map((input) => kinds[input])
    const isVarying = fields.has(index) || operands.includes('rows')
    if (operands.includes('mixed')) kinds.push('mixed')
    // Where several rows meet, as in a mean over the batch, the batch axis ends.
    else if (isVarying) kinds.push(axes[index] === undefined ? 'mixed' : 'rows')
    else kinds.push('constant')
  })
  return program.results.filter(({ node }) => kinds[node] !== 'rows' || axes[node] !== 0).map(({ name }) => name)
}
