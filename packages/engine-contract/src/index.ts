export { batchOf, expectClose, expectSameStep, splitOf, wholeBatch } from './compare.js'
export { describeEngine } from './describe-engine.js'
export { data as trainingData, network, networkOf, training } from './network.js'
export { choices, data, f32, fieldsOf, OP_CASES, randomTraining } from './programs.js'
