/** A handler as one writes it for a place without files, eval or compilation: it is given bytes and a ready module. */
import { loadModel, locateFiles } from 'gradpool/predict'

export async function handle(
  model: Uint8Array,
  kernels: object,
  image: readonly number[],
): Promise<readonly number[] | undefined> {
  locateFiles({ 'kernels-unshared.wasm': kernels })
  const { predict } = await loadModel(model).then((loaded) => ({ predict: loaded.predict.bind(loaded) }))
  const { logits } = await predict({ image })
  return logits && Array.from(logits)
}
