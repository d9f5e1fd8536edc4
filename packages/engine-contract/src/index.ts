export { batchOf, bitsOf, expectClose, expectSameStep, splitOf, wholeBatch } from './compare.js'
export { describeEngine } from './describe-engine.js'
export { data as trainingData, network, networkOf, training } from './network.js'
export { choices, data, f32, fieldsOf, OP_CASES, oddExamples, randomTraining } from './programs.js'
