/** Predictions from saved models, and nothing else: see `@gradpool/trainer/predict`. */
export * from '@gradpool/trainer/predict'
