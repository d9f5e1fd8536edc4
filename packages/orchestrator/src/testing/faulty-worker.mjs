/**
 * The worker module of a faulty engine: runs spans by the real engine's module, and does, after some steps of one of them,
 * what the test asked for, while the threads that it runs together with go on and wait for it.
 */
export async function executeChunk({ workerModule, task, fault }) {
  const { executeChunk: execute } = await import(workerModule)
  if (fault === undefined) return execute(task)
  const outcome = execute({ ...task, steps: Math.min(fault.steps, task.steps) })
  if (fault.kind === 'exit') process.exit(3)
  if (fault.kind === 'throw') throw new Error('a fault of a worker')
  if (fault.kind === 'loop') for (;;);
  return outcome
}
