/** Native code as the rest of the package has it; in a browser, it has `no-native.ts` in its place. */
export {
  nativeCode,
  nativeEngine,
  type NativeEngineOptions,
  nativeInstructionSets,
  portableAddon,
} from './native-engine.js'
