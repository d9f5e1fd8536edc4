/** What a model that was trained knows of its data: what their numbers are called, and how rows become such numbers. */
import type { TableNames } from '@gradpool/core/engine'
import {
  encodeInputs,
  rowsByName,
  tokenizerFor,
  type Encoder,
  type FieldsInput,
  type NamedRow,
  type Tokenizer,
} from '@gradpool/datasets'

export abstract class DataNames {
  /** @internal What the numbers are called, of the data that it was trained on. */
  abstract get table(): TableNames | undefined

  /** Of the field `label`, in the order of its numbers; undefined where the data did not tell. */
  get classNames(): readonly string[] | undefined {
    return this.table?.classNames
  }

  /** Of the field `x`, in its order; undefined where the data were no table. */
  get columns(): readonly string[] | undefined {
    return this.table?.columns
  }

  /** Columns whose numbers are categories, with the names of these in the order of their numbers. */
  get categories(): Readonly<Record<string, readonly string[]>> | undefined {
    return this.table?.categories
  }

  /**
   * Rows to predict from, by the names of columns and categories:
   * `predict(model.rows([{ size: 120, kind: 'villa' }]))`.
   *
   * @throws UserError for what the data that it was trained on have not
   */
  rows(rows: readonly NamedRow[]): { readonly x: Float32Array } {
    return { x: rowsByName(rows, this.table ?? {}) }
  }

  /**
   * What makes the numbers of the fields `text` and `next` of a text, and a text of numbers, as the data did that it
   * was trained on.
   *
   * @throws UserError where these were no text, or @huggingface/tokenizers is needed and not installed
   */
  tokenizer(): Promise<Tokenizer> {
    return tokenizerFor(this.table)
  }

  /**
   * Rows to predict from, of the field that an encoder reads, as what it makes of them: `predict(await
   * model.encoded({ values: pixels, shape: [224, 224, 3] }, encoder))`.
   *
   * @throws UserError for an encoder that did not make what the model was trained on
   */
  encoded(rows: FieldsInput[string], encoder: Encoder): Promise<Readonly<Record<string, Float32Array>>> {
    return encodeInputs(rows, encoder, this.table ?? {})
  }
}
