/** What a model that was trained knows of its data: what their numbers are called, and how rows become such numbers. */
import {
  encodeInputs,
  rowsByName,
  tokenizerFor,
  type Encoder,
  type FieldsInput,
  type NamedRow,
  type Tokenizer,
} from '@gradpool/datasets'
import { ColumnNames } from './column-names.js'

export abstract class DataNames extends ColumnNames {
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
