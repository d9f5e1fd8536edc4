/** Native code as the rest of the package has it; in a browser, it has `no-native.ts` in its place. */
export { setupNative } from './native-code/setup-native.js'
export {
  hasNativeCode,
  nativeCode,
  nativeEngine,
  type NativeEngineOptions,
  nativeInstructionSets,
  portableAddon,
  whyNotNative,
} from './native-engine.js'
