/** TensorFlow does what every engine must. */
import { describeEngine } from '@gradpool/engine-contract'
import { test } from 'vitest'
import { findTensorFlow, tensorflowEngine } from './index.js'

const isWanted = process.env.GRADPOOL_SKIP_TENSORFLOW !== '1'

// It takes as long to read a graph as others take for a hundred Programs; `npm run test:faults -- tensorflow` has more.
const isShort = process.env.GRADPOOL_LONG_TESTS !== '1'
const options = { isShort, numRandomPrograms: isShort ? 40 : 150 }

if (isWanted && (await findTensorFlow())) describeEngine('tensorflow', () => tensorflowEngine(), options)
else test.skip('there is no TensorFlow here: `gradpool setup tensorflow` gets it')
