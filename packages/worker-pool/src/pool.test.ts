import { expect, it, onTestFinished } from 'vitest'
import { WorkerDied, type WorkerPool } from './contract.js'
import { createPool } from './pool.js'

const tasks = new URL('./testing/tasks.mjs', import.meta.url).href

interface Made extends WorkerPool {
  readonly errors: Error[]
}

function pool(workers = 1, { workerModule = tasks, exportName = 'double' } = {}): Made {
  const errors: Error[] = []
  const created = createPool({
    workers,
    workerModule,
    exportName,
    onStuck: () => errors.push(new Error('stuck')),
    onError: (error) => errors.push(error),
  })
  onTestFinished(() => created.close())
  return { ...created, errors }
}

it('does tasks in order, on one thread', async () => {
  expect(await pool(2).run([1, 2, 3])).toEqual([2, 4, 6])
})

it('gives what the module throws to the tasks it befell', async () => {
  const { run } = pool()
  const failing = run(['throw'])
  const fine = run([1])
  await expect(failing).rejects.toThrow('a fault of the task')
  expect(await fine).toEqual([2])
})

it('tells a thread that exits from a module that throws', async () => {
  const { run, errors } = pool()
  const dying = run(['exit'])
  const waiting = run([1])
  await expect(dying).rejects.toBeInstanceOf(WorkerDied)
  expect(await waiting).toEqual([2])
  expect(errors).toEqual([])
})

it.each(['hang', 'loop'])('ends a task that does not end once it is aborted: %s', async (task) => {
  const { run, errors } = pool()
  const controller = new AbortController()
  const hanging = run([task], controller.signal)
  controller.abort('it took too long')
  await expect(hanging).rejects.toThrow(new WorkerDied('it took too long'))
  expect(await run([1])).toEqual([2])
  expect(errors).toEqual([])
})

it('ends tasks that do not end when it is closed', async () => {
  const { run, close } = pool()
  const hanging = expect(run(['hang'])).rejects.toBeInstanceOf(WorkerDied)
  await close()
  await hanging
})

it('fails tasks whose module cannot be loaded, or lacks the function', async () => {
  await expect(pool(1, { workerModule: 'file:///nowhere.js' }).run([1])).rejects.toThrow('nowhere.js')
  await expect(pool(1, { exportName: 'halve' }).run([1])).rejects.toThrow("exports no function 'halve'")
})
