/**
 * Everything that a user writes with, from one import. Engine authors and embedders take the packages themselves.
 */
export * from '@gradpool/core'
export * from '@gradpool/datasets'
export type { DataSpec } from '@gradpool/datasets'
export * from '@gradpool/models'
export { autoencode, classify, defineExperiment, hash } from '@gradpool/experiments'
