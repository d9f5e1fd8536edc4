/**
 * The public names of @gradpool/models.
 */
export {
  autoencode,
  type AutoencodeOptions,
  type Autoencoder,
  type NetworkOptions,
} from './architectures/autoencode.js'
export {
  type Classifier,
  classify,
  type ClassifyOptions,
  type EncoderMode,
  mlp,
  type MlpOptions,
} from './architectures/classify.js'
export { cluster, type Clusterer, type ClusterOptions } from './architectures/cluster.js'
export { forecast, type Forecaster, type ForecastOptions } from './architectures/forecast.js'
export { hash, type Hasher, type HashOptions, type LabelledHasher } from './architectures/hash.js'
export { continueText, type ContinueTextOptions, type TextContinuer } from './architectures/continue-text.js'
export { type QuantileRegressor, regress, type RegressOptions, type Regressor } from './architectures/regress.js'
export {
  augment,
  type Augmentation,
  type AugmentOptions,
  augmented,
  checkAugmentations,
} from './augmentation/augment.js'
export {
  checkChanges,
  cutmix,
  type CutmixOptions,
  isMixing,
  type Mixed,
  mixedBy,
  type Mixing,
  mixup,
  type MixupOptions,
} from './augmentation/mix.js'
export { warp, type WarpOptions } from './augmentation/warp.js'
export {
  activation,
  activationFunction,
  type ActivationName,
  activationNames,
  type Layer,
} from './layers/activation.js'
export {
  attention,
  type AttentionCall,
  type AttentionOptions,
  type MultiHeadAttention,
  multiHeadAttention,
  type MultiHeadAttentionOptions,
} from './layers/attention.js'
export {
  elu,
  gelu,
  type GeluOptions,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mish,
  silu,
  softplus,
} from './layers/activation-functions.js'
export { type BatchNorm, batchNorm, type BatchNormOptions } from './layers/batch-norm.js'
export {
  type Conv,
  conv1d,
  conv2d,
  conv2dTranspose,
  conv3d,
  type ConvOptions,
  depthwiseConv2d,
  type DepthwiseConvOptions,
  type SeparableConv,
  separableConv2d,
  type TransposedConvOptions,
} from './layers/convolution.js'
export { type Dense, dense, type DenseOptions } from './layers/dense.js'
export { dropout, spatialDropout, stochasticDepth } from './layers/dropout.js'
export { type Embedding, embedding, type EmbeddingOptions } from './layers/embedding.js'
export { type KMeans, kMeans, type KMeansOptions } from './layers/k-means.js'
export { groupNorm, layerNorm, type NormOptions, rmsNorm, type ScaledNorm, type ShiftedNorm } from './layers/norms.js'
export {
  averagePool1d,
  averagePool2d,
  flatten,
  globalAveragePool,
  globalMaxPool,
  maxPool1d,
  maxPool2d,
} from './layers/pooling.js'
export {
  learnedPositions,
  type LearnedPositions,
  type LearnedPositionsOptions,
  rotary,
  type RotaryOptions,
  sinusoidalPositions,
} from './layers/positions.js'
export { residual } from './layers/residual.js'
export {
  bidirectional,
  gru,
  lstm,
  type LstmState,
  type Recurrent,
  type RecurrentOptions,
  rnn,
  type RnnOptions,
  type Scanned,
  type SequenceOptions,
} from './layers/recurrent.js'
export { sequenceMask } from './layers/sequence-mask.js'
export { sequential } from './layers/sequential.js'
export { clusterTarget, softClusters } from './layers/soft-clusters.js'
export { binaryCrossEntropy } from './losses/binary-cross-entropy.js'
export { balancedWeights, classWeights } from './losses/class-weights.js'
export { cosineDistance } from './losses/cosine-distance.js'
export { crossEntropy, type CrossEntropyOptions } from './losses/cross-entropy.js'
export { focalLoss, type FocalLossOptions } from './losses/focal-loss.js'
export {
  gaussianNegativeLogLikelihood,
  type GaussianNegativeLogLikelihoodOptions,
} from './losses/gaussian-negative-log-likelihood.js'
export { hinge, type HingeOptions } from './losses/hinge.js'
export { huber, type HuberOptions } from './losses/huber.js'
export { infoNce, type InfoNceOptions } from './losses/info-nce.js'
export { klDivergence } from './losses/kl-divergence.js'
export { logCosh } from './losses/log-cosh.js'
export { meanSquaredError } from './losses/mean-squared-error.js'
export { negativeElbo, type NegativeElboOptions, sampleGaussian } from './losses/negative-elbo.js'
export { poissonLoss } from './losses/poisson-loss.js'
export { quantileLoss, type QuantileLossOptions } from './losses/quantile-loss.js'
export { redundancyLoss } from './losses/redundancy-loss.js'
export { type RowOptions } from './losses/rows.js'
export { tripletLoss, type TripletLossOptions } from './losses/triplet-loss.js'
export { accuracy, topKAccuracy } from './metrics/accuracy.js'
export { auc } from './metrics/auc.js'
export { calibrationError } from './metrics/calibration-error.js'
export { balancedAccuracy, type ClassScoreOptions, f1, precision, recall } from './metrics/class-scores.js'
export {
  adjustedRandIndex,
  clusterAccuracy,
  type ClusteringOptions,
  type ClusteringScores,
  clusteringScores,
  normalizedMutualInformation,
} from './metrics/clustering.js'
export { confusionMatrix } from './metrics/confusion-matrix.js'
export { meanAbsoluteError } from './metrics/mean-absolute-error.js'
export { meanAbsolutePercentageError } from './metrics/mean-absolute-percentage-error.js'
export { medianAbsoluteError } from './metrics/median-absolute-error.js'
export { r2 } from './metrics/r2.js'
export { reconstructionAccuracy } from './metrics/reconstruction-accuracy.js'
export { rootMeanSquaredError } from './metrics/root-mean-squared-error.js'
export { clip } from './preparation/clip.js'
export { impute } from './preparation/impute.js'
export { logScale } from './preparation/log-scale.js'
export { minMax } from './preparation/min-max.js'
export { oneHotCategories } from './preparation/one-hot-categories.js'
export { prepareTable, type TablePreparation, type TablePreparationOptions } from './preparation/prepare-table.js'
export { type Scaler } from './preparation/scaler.js'
export { standardize } from './preparation/standardize.js'
export { type LabelOptions } from './shapes.js'
