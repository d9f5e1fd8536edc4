/** Runs chunks of the reference engine in any thread: one evaluation of the Program a step. */
import {
  evaluate,
  SharedRecord,
  SharedStates,
  shuffled,
  sizeOf,
  type BatchProgram,
  type ChunkStatus,
  type Field,
  type SharedRecordData,
  type SharedStatesData,
} from '@gradpool/core/engine'

export interface ReferenceTask {
  readonly program: BatchProgram
  readonly fields: Readonly<Record<string, Field>>
  readonly rows: Int32Array
  readonly seed: number
  readonly record: SharedRecordData
  readonly states: SharedStatesData
  readonly steps: number
}

export function executeChunk(task: unknown): ChunkStatus {
  const steps = runSteps(task as ReferenceTask)
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}

/** The same, with a pause after each step. */
export function* runSteps(task: ReferenceTask): Generator<undefined, ChunkStatus> {
  const { seed } = task
  const { program: full, tail, batchSize, numExamples } = task.program
  const record = new SharedRecord(task.record)
  const states = new SharedStates(task.states)
  const stepsPerEpoch = tail ? Math.ceil(numExamples / batchSize) : Math.floor(numExamples / batchSize)
  for (let i = 0; i < task.steps; i++) {
    if (record.stopped) return 'stopped'
    const { step } = record
    const batch = step % stepsPerEpoch
    const rows = rowsOf(task, Math.floor(step / stepsPerEpoch), batch)
    const program = tail && rows.length < batchSize ? tail : full
    const { results, state } = evaluate(program, {
      state: states.read(),
      batch: batchOf(task, rows),
      step,
      seed,
    })
    const loss = results.loss?.[0]
    if (loss !== undefined && !Number.isFinite(loss)) return 'notFinite'
    if (loss !== undefined) record.lastLoss = loss
    states.write(Object.fromEntries(program.updates.map(({ name }) => [name, Float32Array.from(state[name] ?? [])])))
    for (const [index, { name, rows: isCollected }] of program.results.entries()) {
      const told = Float32Array.from(results[name] ?? [])
      if (isCollected) {
        const place = (batch * batchSize * told.length) / rows.length
        record.rows[index]?.set(told, place)
      } else {
        record.last[index]?.set(told)
        record.add(index, told, rows.length)
      }
    }
    record.step = step + 1
    yield
  }
  return 'done'
}

function rowsOf({ program, rows, seed }: ReferenceTask, epoch: number, batch: number): Int32Array {
  const { batchSize, shuffle } = program
  const order = shuffle ? shuffled(rows, seed, epoch) : rows
  return order.slice(batch * batchSize, (batch + 1) * batchSize)
}

function batchOf({ fields }: ReferenceTask, rows: Int32Array): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { values, shape }]) => {
      const size = sizeOf(shape)
      return [name, [...rows].flatMap((row) => [...values.slice(row * size, (row + 1) * size)])]
    }),
  )
}
