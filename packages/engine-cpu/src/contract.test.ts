/** Both CPU engines do what every engine must. */
import { describeEngine } from '@gradpool/engine-contract'
import { nativeEngine, nativeInstructionSets, wasmEngine } from './index.js'

const memory = { memoryBytes: 2 ** 28 }

describeEngine('wasm', () => wasmEngine(memory))

// Where no compiler was found at set-up there is no other.
if (nativeInstructionSets().length > 0) describeEngine('native', () => nativeEngine(memory))
