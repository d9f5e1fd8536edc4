/** A queue of a test's own on a real server, with workers and submitters whose stages train nothing. */
import { setTimeout } from 'node:timers/promises'
import {
  openQueueServer,
  QueueAdmin,
  queueAddress,
  QueueTrainer,
  type QueueTrainerOptions,
  type StageWorkerOptions,
  StageWorker,
} from '@gradpool/queue'
import { onTestFinished } from 'vitest'
import { fakeStage, FakeStore, type FakeStage } from './fake-stages.js'

let count = 0

/** A namespace of its own, with a store that everybody sees. */
export async function queueOf(url: string, namespace = `test-${count++}`) {
  const store = new FakeStore()
  const warnings: string[] = []
  const warn = (message: string) => warnings.push(message)
  const open = () => openQueueServer(queueAddress({ variable: url }), namespace, warn)
  const server = await open()
  const worker = async (id: string, options: Partial<StageWorkerOptions> = {}) => {
    const machine = {
      id,
      host: 'here',
      cores: 2,
      memoryBytes: 1,
      engine: 'fake',
      description: 'trains nothing',
      numerics: 'exact-2',
      version: '0',
      platform: 'any',
    }
    const runner = store.runner(id)
    const made = await StageWorker.start({ server, runner, machine, concurrency: 2, lockSeconds: 2, ...options })
    onTestFinished(() => made.close())
    return made
  }
  const trainer = (options: Partial<QueueTrainerOptions> = {}) => {
    const shared = { server, documents: store.documents, served: null, numerics: 'exact-2', onWarning: warn }
    const made = new QueueTrainer({ ...shared, submitter: 'me', priority: 5, sweepSeconds: 0.3, ...options })
    onTestFinished(() => made.close())
    return made
  }
  const admin = new QueueAdmin(server, warn)
  onTestFinished(() => admin.close())
  return { store, worker, trainer, admin, warnings }
}

export const stages = (number: number, doing = {}) =>
  Array.from({ length: number }, (_, i) => fakeStage(`stage ${i}`, doing))

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(50)
}

export const run = (trainer: QueueTrainer, { stage }: FakeStage) => trainer.start(stage).run()
