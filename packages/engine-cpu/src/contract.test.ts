/** The CPU engines, by whatever they are compiled to, do what every engine must. */
import { describeEngine } from '@gradpool/engine-contract'
import { nativeEngine, nativeInstructionSets, wasmBuilds, wasmEngine } from './index.js'

const memory = { memoryBytes: 2 ** 28 }

for (const build of wasmBuilds()) describeEngine(`wasm, ${build}`, () => wasmEngine({ ...memory, build }))

// Where no compiler was found at set-up there is no other.
for (const instructionSet of nativeInstructionSets()) {
  describeEngine(`native, ${instructionSet}`, () => nativeEngine({ ...memory, instructionSet }))
}
