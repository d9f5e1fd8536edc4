/** What a browser has in the place of `native.ts`: no native code, and the sentence that says so. */
import { UserError } from '@gradpool/core'
import type { Engine } from '@gradpool/core/engine'

export function nativeEngine(): Promise<Engine> {
  return new Promise((resolve) => {
    resolve(nativeCode())
  })
}

export function nativeCode(): never {
  throw new UserError(whyNotNative())
}

export function setupNative(): never {
  throw new UserError(whyNotNative())
}

export function hasNativeCode(): boolean {
  return false
}

export function whyNotNative(): string {
  return "the engine 'native' is not in browsers; the engine 'wasm' gives the same results"
}

export function nativeInstructionSets(): string[] {
  return []
}

export function portableAddon(): undefined {
  return undefined
}
