import { expect, it, onTestFinished } from 'vitest'
import { createPool, WorkerDied, type SpanPool } from './pool.js'

function pool(workers = 1): SpanPool & { readonly errors: Error[] } {
  const errors: Error[] = []
  const workerModule = new URL('../testing/fake-worker.mjs', import.meta.url).href
  const created = createPool({
    ...{ workers, workerModule, onStuck: () => errors.push(new Error('stuck')) },
    onError: (error) => errors.push(error),
  })
  onTestFinished(() => created.close())
  return { ...created, errors }
}

function span(more: object = {}) {
  const words = new Int32Array(new SharedArrayBuffer(8))
  const floats = new Float32Array(new SharedArrayBuffer(8))
  return { words, floats, seed: 0, stepMs: 0, steps: 3, ...more }
}

it('runs the spans of a task in order, on one thread', async () => {
  const first = span()
  const outcomes = await pool(2).run([first, { ...first, steps: 4 }])
  expect(outcomes).toEqual(['done', 'done'])
  expect(first.words[0]).toBe(7)
})

it('gives what the engine throws to the task it befell', async () => {
  const { run } = pool()
  const failing = run([span({ mishap: { kind: 'throw', step: 1 } })])
  const fine = run([span()])
  await expect(failing).rejects.toThrow('a fault of the engine')
  expect(await fine).toEqual(['done'])
})

it('tells a thread that exits from an engine that throws', async () => {
  const { run, errors } = pool()
  const dying = run([span({ mishap: { kind: 'exit', step: 1 } })])
  const waiting = run([span()])
  await expect(dying).rejects.toBeInstanceOf(WorkerDied)
  expect(await waiting).toEqual(['done'])
  expect(errors).toEqual([])
})

it('ends tasks that do not end when it is closed', async () => {
  const { run, close } = pool()
  const hanging = expect(run([span({ mishap: { kind: 'hang', step: 0 } })])).rejects.toBeInstanceOf(
    WorkerDied,
  )
  await close()
  await hanging
})

it('fails a task whose engine cannot be loaded', async () => {
  const created = createPool({
    workers: 1,
    workerModule: 'file:///nowhere.js',
    onError: console.error,
  })
  onTestFinished(() => created.close())
  await expect(created.run([span()])).rejects.toThrow('nowhere.js')
})
