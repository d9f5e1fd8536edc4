import { UserError, type Engine, type Program } from '@gradpool/core'
import type { StagePlan } from '@gradpool/experiments'
import process from 'node:process'
import { afterEach, expect, it, vi } from 'vitest'
import { fakeEngine } from '../testing/fake-engine.js'
import { experimentOf, stageOf } from '../testing/plans.js'
import { checkMemory } from './check-memory.js'

afterEach(() => vi.restoreAllMocks())

/** A stage with one state of so many megabytes. */
function stageWith(megabytes: number, name = 'large'): StagePlan {
  const plan = stageOf(name)
  const { program } = plan.training.program
  const nodes = program.nodes.map((node) => ({ ...node, shape: [megabytes * 250_000] }))
  const large = { ...plan.training.program, program: overlay(program, nodes) }
  return { ...plan, training: { ...plan.training, program: large } }
}

function overlay(program: Program, nodes: Program['nodes']): Program {
  return Object.assign(Object.create(program) as Program, { nodes })
}

const available = (bytes: number) => vi.spyOn(process, 'availableMemory').mockReturnValue(bytes)

it('refuses what this machine has no memory for, with the number', async () => {
  available(2e9)
  await expect(checkMemory([experimentOf('one', stageWith(600))], fakeEngine(), 2)).rejects.toThrow(
    new UserError(
      'training needs about 2400 MB for the states of one stage, and 2000 MB are available',
    ),
  )
})

it('counts the largest stages that train at one time', async () => {
  available(2e9)
  const plans = ['a', 'b', 'c'].map((name) => experimentOf(name, stageWith(300, name)))
  await expect(checkMemory(plans, fakeEngine(), 2)).rejects.toThrow(
    'about 2400 MB for the states of 2 stages at one time (fewer workers need less), and',
  )
  await checkMemory(plans, fakeEngine(), 1)
})

it('asks the engine for what large stages need, and gives it back', async () => {
  available(2e9)
  const engine = fakeEngine()
  await checkMemory([experimentOf('one', stageWith(100))], engine, 2)
  expect(engine.trained).toHaveLength(1)
  expect(engine.open.size).toBe(0)

  const full: Engine = {
    ...engine,
    compile: () => Promise.reject(new UserError('the arena has no room')),
  }
  await expect(checkMemory([experimentOf('one', stageWith(100))], full, 2)).rejects.toThrow(
    'the arena has no room',
  )
})

it('asks nothing where little is needed', async () => {
  available(0)
  const engine = fakeEngine()
  await checkMemory([experimentOf('one', stageOf('small'))], engine, 2)
  expect(engine.trained).toEqual([])
})
