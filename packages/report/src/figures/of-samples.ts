/** Figures of the few samples that a stage itself left behind, where its model or its data are gone. */
import type { Sample } from '@gradpool/orchestrator'
import { pngUrl } from './png.js'
import type { StageFigures } from './stage-figures.js'

export function figuresOfSamples(samples: readonly Sample[]): StageFigures {
  const [height = 0, width = 0] = samples[0]?.imageShape ?? []
  const urlOf = (values: readonly number[]) => pngUrl({ height, width, channels: 1, values })
  const judged = samples.flatMap(({ image, truth, estimate }) =>
    estimate === undefined ? [] : [{ truth, estimate, confidence: null, image: urlOf(image) }],
  )
  const pairs = samples.flatMap(({ image, truth, reconstruction }) =>
    reconstruction === undefined ? [] : [{ input: urlOf(image), output: urlOf(reconstruction), truth }],
  )
  return {
    image: { height, width },
    ...(judged.length > 0 && { samples: judged }),
    ...(pairs.length > 0 && { reconstruction: { pairs } }),
  }
}
