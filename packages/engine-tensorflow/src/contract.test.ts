/** TensorFlow does what every engine must. */
import { describeEngine } from '@gradpool/engine-contract'
import { test } from 'vitest'
import { findTensorFlow, tensorflowEngine } from './index.js'

const isWanted = process.env.GRADPOOL_SKIP_TENSORFLOW !== '1'

if (isWanted && (await findTensorFlow())) describeEngine('tensorflow', () => tensorflowEngine())
else test.skip('there is no TensorFlow here: `gradpool setup tensorflow` gets it')
