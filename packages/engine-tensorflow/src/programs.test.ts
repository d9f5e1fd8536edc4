import { type Engine } from '@gradpool/core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { tensorflowEngine } from './index.js'
import { expectSameStep } from '../../engine-cpu/src/testing/engine-contract.js'
import { data, fieldsOf, OP_CASES } from '../../engine-cpu/src/testing/programs.js'

let engine: Engine
beforeAll(async () => {
  engine = await tensorflowEngine()
})
afterAll(() => engine.dispose())

describe('each op', () => {
  test.each(Object.entries(OP_CASES))('%s', async (_, build) => {
    await expectSameStep(engine, data, (trace) => trace.result('value', build(fieldsOf(trace))))
  })
})
