/** What a worker thread does: codes in two dimensions by UMAP (McInnes et al. 2018). */
import { fillUniform, purposeOf } from '@gradpool/core/engine'
import { UMAP } from 'umap-js'

export interface UmapTask {
  readonly rows: readonly (readonly number[])[]
  readonly seed: number
}

const NEIGHBOURS = 15
const EPOCHS = 300
const MOST_DRAWS = 4096

export function umapOf({ rows, seed }: UmapTask): readonly (readonly number[])[] {
  const umap = new UMAP({
    nComponents: 2,
    nNeighbors: Math.min(NEIGHBOURS, rows.length - 1),
    nEpochs: EPOCHS,
    random: uniform(seed),
  })
  return umap.fit(rows.map((row) => [...row]))
}

/** Numbers in [0, 1), of this seed and purpose. */
function uniform(seed: number): () => number {
  const drawn = new Float32Array(MOST_DRAWS)
  let block = 0
  let next = MOST_DRAWS
  return () => {
    if (next === MOST_DRAWS) {
      fillUniform(drawn, seed, purposeOf('umap'), block++)
      next = 0
    }
    return drawn[next++] ?? 0
  }
}
