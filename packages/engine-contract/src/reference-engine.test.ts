/** The reference evaluator does what every engine must. It shares no steps. */
import { describeEngine } from './describe-engine.js'
import { referenceEngine } from './reference-engine.js'

describeEngine('reference', referenceEngine, { sharesSteps: false })
