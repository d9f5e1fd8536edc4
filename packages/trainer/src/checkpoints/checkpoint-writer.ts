/** Writes the checkpoints of a training; one that cannot be written stops nothing. */
import { reasonOf } from '@gradpool/storage'
import type { Checkpoint } from './checkpoint.js'
import type { CheckpointStore } from './checkpoint-store.js'

/**
 * @param onWarning Told in one sentence the first time that writing fails, and when it works again.
 */
export function checkpointWriter(
  store: CheckpointStore,
  title: string,
  onWarning: (message: string) => void,
): (checkpoint: Checkpoint) => Promise<void> {
  let fails = false
  return async (checkpoint) => {
    try {
      await store.save(checkpoint)
      if (fails) onWarning(`${title}checkpoints are written again`)
      fails = false
    } catch (error) {
      if (!fails) {
        onWarning(`${title}cannot write a checkpoint to '${store.folder}': ${reasonOf(error)}; training goes on`)
      }
      fails = true
    }
  }
}
