/**
 * Exports the prediction of a trained model, for any batch size, as a SavedModel for TensorFlow in Python and
 * TensorFlow Serving. Weights are constants of the graph.
 */
import { encodeSavedModel } from './graph/messages.js'
import { predictionGraph, type TrainedModel } from './prediction-graph.js'
import { makeDirectories, writeAllDurably, type SavedModel } from '@gradpool/storage'

/**
 * Writes `dir/saved_model.pb`, with the signature `serving_default`. Its inputs are the fields that the model's
 * `predict` reads, each `[batch, ...]`; its outputs are the predictions.
 *
 * @param model a saved one, as `decodeSavedModel` reads it, or a definition and its states
 * @throws UserError for a model without `predict`, a missing state, or an op whose shape depends on the batch size
 */
export async function exportSavedModel(model: TrainedModel | SavedModel, dir: string): Promise<void> {
  const { nodes, signature } = predictionGraph(model)
  const signatures = { serving_default: signature }
  const bytes = encodeSavedModel({ nodes, functions: [], signatures })
  await makeDirectories(dir)
  await writeAllDurably(dir, { 'saved_model.pb': bytes })
}
