/** A transformer that learns a text, token after token. */
import {
  add,
  argMax,
  type Batch,
  defineModel,
  layer,
  type Model,
  type Module,
  mul,
  normal,
  reshape,
  softmax,
  type Tensor,
  UserError,
} from '@gradpool/core'
import { sizeOf } from '@gradpool/core/engine'
import type { Layer } from '../layers/activation.js'
import { multiHeadAttention } from '../layers/attention.js'
import { dense } from '../layers/dense.js'
import { dropout } from '../layers/dropout.js'
import { embedding } from '../layers/embedding.js'
import { layerNorm } from '../layers/norms.js'
import { learnedPositions } from '../layers/positions.js'
import { sequential } from '../layers/sequential.js'
import { crossEntropy } from '../losses/cross-entropy.js'
import { accuracy } from '../metrics/accuracy.js'
import { checkWidth } from '../widths.js'
import { fieldOf, readyModel } from './ready-model.js'

export interface ContinueTextOptions {
  /** Numbers that stand for a token; they divide into the heads. */
  readonly width: number
  /** Heads of attention. */
  readonly heads: number
  /** Blocks of attention and two dense layers. */
  readonly blocks: number
  /** Of the dense layer in the middle of a block. Default: 4 · width. */
  readonly hidden?: number
  /** The share of what a block adds that is zeroed in training. Default: 0. */
  readonly dropout?: number
  /** How many tokens there are. Default: those of the data. */
  readonly classes?: number
}

/** It learns the token after each, from those before it. */
export type TextContinuer = ContinueTextOptions & { readonly kind: 'continueText' } & Model<{
    readonly metrics: { readonly loss: number; readonly bits: number; readonly accuracy: number }
    readonly fields: 'text' | 'next'
    readonly predictFields: 'text'
    readonly outputs: 'estimate' | 'probabilities'
  }>

/** As GPT-2 begins: all weights alike, and no bias. */
const weight = normal(0.02)
const BITS = Math.LOG2E

/**
 * A transformer over the fields `text`, tokens [length], and `next`, the token after each, for `fit` and as a stage of
 * an experiment: causal attention with norms before each part of a block (Radford et al. 2019).
 *
 * Of lines, which have the field `length`, the padding does not count.
 *
 * Results: `loss`, the cross-entropy of `next` in nats, `bits`, the same in bits per token, and `accuracy`.
 * Predictions, for each token the one after it: `estimate`, the likeliest, and `probabilities` [length, tokens].
 *
 * @throws UserError for options that do not fit; with the data, where a field or the number of tokens lacks
 */
export function continueText(options: ContinueTextOptions): TextContinuer {
  const { width, blocks, hidden = 4 * width } = options
  checkWidth('continueText: blocks', blocks)
  checkWidth('continueText: hidden', hidden)
  const block = blockOf({ ...options, hidden })
  return readyModel({ ...options, kind: 'continueText' as const }, (data) => {
    const length = sizeOf(fieldOf(data, 'text').shape)
    fieldOf(data, 'next')
    const count = options.classes ?? data.classes
    if (count === undefined) {
      throw new UserError('this model needs `classes`, the number of tokens, which these data do not tell')
    }
    // Of lines, -1 is after the last token.
    const counted = data.fields.length === undefined ? undefined : { ignoreLabel: -1 }
    const params = {
      tokens: embedding(count, width, { weight }),
      positions: learnedPositions(length, width, { weight }),
      blocks: sequential(Array.from({ length: blocks }, () => block)),
      norm: layerNorm(width),
      output: dense(width, count, { weight }),
    }
    /** [batch · length, tokens] */
    const logitsOf = (bound: Readonly<Record<keyof typeof params, Layer>>, text: Tensor) => {
      const rows = bound.norm(bound.blocks(bound.positions(bound.tokens(text))))
      return bound.output(reshape(rows, [-1, width]))
    }
    return defineModel({
      params,
      step(bound, { text, next }: Batch<'text' | 'next'>) {
        const logits = logitsOf(bound, text)
        const labels = reshape(next, [-1])
        const loss = crossEntropy(logits, labels, counted)
        return {
          loss,
          bits: mul(loss, BITS),
          accuracy: counted ? accuracy(logits, labels, counted) : accuracy(logits, labels),
        }
      },
      predict(bound, { text }: Batch<'text'>) {
        const logits = logitsOf(bound, text)
        return {
          estimate: reshape(argMax(logits), [-1, length]),
          probabilities: reshape(softmax(logits), [-1, length, count]),
        }
      },
    })
  })
}

/** x + attention(norm(x)), then the same with two dense layers. */
function blockOf({
  width,
  heads,
  hidden,
  dropout: rate = 0,
}: ContinueTextOptions & { readonly hidden: number }): Module<Layer> {
  const parts = {
    before: layerNorm(width),
    attention: multiHeadAttention(width, heads, { causal: true, weight }),
    after: layerNorm(width),
    up: dense(width, hidden, { activation: 'gelu', weight }),
    down: dense(hidden, width, { weight }),
    dropout: dropout(rate),
  }
  return layer(parts, (own) => (x: Tensor) => {
    const attended = add(x, own.dropout(own.attention(own.before(x))))
    return add(attended, own.dropout(own.down(own.up(own.after(attended)))))
  })
}
