/** How other libraries name parameters and order the axes of their weights. */
import type { WeightAxis } from '@gradpool/core'

export interface Layout {
  /** What a parameter of this name, the last part of its path, is called there. */
  readonly names: Readonly<Record<string, readonly string[]>>
  /** The axes of a weight, in order. */
  readonly axes: readonly WeightAxis[]
  /** What is in files but no layer needs. */
  readonly ignored: RegExp
}

export const layouts = {
  pytorch: {
    names: {
      weight: ['weight'],
      bias: ['bias'],
      scale: ['weight'],
      shift: ['bias'],
      mean: ['running_mean'],
      variance: ['running_var'],
    },
    axes: ['out', 'in', 'window'],
    ignored: /(?:^|\.)num_batches_tracked$/,
  },
  keras: {
    names: {
      weight: ['kernel', 'embeddings', 'depthwise_kernel'],
      bias: ['bias'],
      scale: ['gamma'],
      shift: ['beta'],
      mean: ['moving_mean'],
      variance: ['moving_variance'],
      'depthwise.weight': ['depthwise_kernel'],
      'pointwise.weight': ['pointwise_kernel'],
      'pointwise.bias': ['bias'],
    },
    axes: ['window', 'in', 'out'],
    ignored: /(?:^|[./])seed_generator(?:_\d+)?[./]/,
  },
} as const satisfies Record<string, Layout>

export type LayoutName = keyof typeof layouts
