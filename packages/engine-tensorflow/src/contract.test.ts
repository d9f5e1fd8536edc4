/** TensorFlow does what every engine must. */
import { describeEngine } from '@gradpool/engine-contract'
import { test } from 'vitest'
import { isTensorFlowHere, tensorflowEngine } from './index.js'

if (isTensorFlowHere()) describeEngine('tensorflow', () => tensorflowEngine())
else test.skip('there is no TensorFlow here: `gradpool setup tensorflow` gets it')
