/**
 * What only the trained model of a stage can show: computed once, kept beside the stage as `figures.json`, and in every
 * page of the run from then on.
 */

/** A PNG file, as a data URL. */
export type PngUrl = string

export interface ImageOf {
  readonly width: number
  readonly height: number
}

/** Of a few examples of the test. */
export interface Judgement {
  readonly truth: number
  readonly estimate: number
  /** The probability that the model gives its estimate; null where it tells none. */
  readonly confidence: number | null
  /** Null where examples are no images. */
  readonly image: PngUrl | null
}

export interface CalibrationBin {
  readonly count: number
  /** Means over the examples whose confidence is in this bin. */
  readonly confidence: number
  readonly accuracy: number
}

export interface ClassificationFigures {
  readonly classes: readonly string[]
  /** Rows: truth; columns: estimate. */
  readonly confusion: readonly (readonly number[])[]
  readonly numExamples: number
  /** Empty where the model tells no probabilities. */
  readonly calibration: readonly CalibrationBin[]
  /** Expected calibration error: the mean of |confidence - accuracy| over the examples' bins. */
  readonly calibrationError: number | null
  /** The most confident ones first. */
  readonly mistakes: readonly Judgement[]
}

export interface RegressionFigures {
  readonly target: string
  readonly numExamples: number
  /** At most 500. */
  readonly points: readonly {
    readonly truth: number
    readonly estimate: number
    /** The outer quantiles, of a model that gives quantiles. */
    readonly low?: number
    readonly high?: number
  }[]
  /** How many residuals, truth - estimate, are in each of the bins between `edges`. */
  readonly residuals: { readonly edges: readonly number[]; readonly counts: readonly number[] }
  /** The share of truths between the outer quantiles. */
  readonly coverage: number | null
}

export interface ReconstructionFigures {
  readonly pairs: readonly { readonly input: PngUrl; readonly output: PngUrl; readonly truth: number | null }[]
}

export interface CodeFigures {
  /** Of a code. */
  readonly width: number
  readonly classes: readonly string[]
  /** Of each point; -1 where examples have none. */
  readonly labels: readonly number[]
  /** At most 500 points by the two directions in which codes vary most; of one number, that and the class. */
  readonly principal: readonly (readonly [number, number])[]
  /** The shares of the variance that these two have. */
  readonly explained: readonly [number, number] | null
  /** The same points by UMAP; null for codes of one or two numbers. */
  readonly umap: readonly (readonly [number, number])[] | null
}

export interface WeightFigures {
  readonly name: string
  readonly images: readonly PngUrl[]
  /** How many there are in all. */
  readonly count: number
}

/** From the code of one test example to that of another, in equal steps, each decoded. */
export interface WalkFigures {
  readonly walks: readonly {
    readonly from: number | null
    readonly to: number | null
    readonly images: readonly PngUrl[]
  }[]
}

export interface HashingFigures {
  readonly bits: number
  readonly numQueries: number
  readonly numImages: number
  readonly meanAveragePrecision: number
  /** By Hamming distance, from 0 on. */
  readonly withinRadius: readonly { readonly radius: number; readonly precision: number; readonly recall: number }[]
  readonly sheets: readonly {
    readonly query: PngUrl
    readonly label: number
    readonly found: readonly { readonly image: PngUrl; readonly label: number; readonly hamming: number }[]
  }[]
}

export interface StageFigures {
  /** Of the images in them; null where examples are no images. */
  readonly image: ImageOf | null
  readonly samples?: readonly Judgement[]
  readonly classification?: ClassificationFigures
  readonly regression?: RegressionFigures
  readonly reconstruction?: ReconstructionFigures
  readonly codes?: CodeFigures
  readonly weights?: WeightFigures
  readonly walks?: WalkFigures
  readonly hashing?: HashingFigures
}
