/**
 * CPUs are slow with denormal numbers, those below 2^-126 in f32. The kernels of this package flush them where a
 * definition says so, to the same bits everywhere. Others' code can be run by a thread that flushes all.
 */
import { portableAddon } from '#native'
import { nodeProcess } from '@gradpool/core/node-module'

/** Whether `flushingDenormals` does so here: where there is native code, on x64 and arm64. */
export function flushesDenormals(): boolean {
  const arch = nodeProcess()?.arch
  return (arch === 'x64' || arch === 'arm64') && portableAddon() !== undefined
}

/**
 * Does something while this thread takes denormal numbers for zeros, in what it reads and what it computes. JavaScript
 * that runs meanwhile does so, too. Where it cannot, it is done as it is.
 */
export function flushingDenormals<T>(work: () => T): T {
  const addon = portableAddon()
  if (addon === undefined) return work()
  const before = addon.flushDenormals()
  try {
    return work()
  } finally {
    addon.restoreDenormals(before)
  }
}
