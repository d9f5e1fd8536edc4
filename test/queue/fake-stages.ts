/** Stages that train nothing, and what trains them: what is left is the queue. */
import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { ReadyStage } from '@gradpool/orchestrator'
import { type Content, type JobRunner, type StageDocuments, TemporaryFailure } from '@gradpool/queue'

/** What a fake stage does. */
export interface Doing {
  readonly epochs?: number
  /** Of an epoch. */
  readonly ms?: number
  /** How often its store does not answer. */
  readonly faults?: number
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** All that processes of a test would share. */
export class FakeStore {
  readonly results = new Map<string, Content>()
  readonly checkpoints = new Map<string, number>()
  /** How often each stage was begun, and where. */
  readonly begun = new Map<string, { readonly by: string; readonly from: number }[]>()
  /** Whether results are lost. */
  isLosing = false
  /** Whether submitters get no answer. */
  isSilent = false

  readonly documents: StageDocuments = {
    encodePlan: ({ hash }) => Promise.resolve(inline(doings.get(hash) ?? {})),
    encodeStates: () => Promise.resolve(inline('state')),
    decodeOutcome: (outcome) => {
      if (this.isSilent) return Promise.reject(new TemporaryFailure('no answer'))
      return Promise.resolve({
        status: 'done' as const,
        seconds: 0,
        epoch: Number(read(outcome)),
        epochs: Array.from({ length: Number(read(outcome)) }, (_, i) => ({ epoch: i + 1, seconds: 0, loss: 1 })),
        test: undefined,
        predictions: {},
        state: {},
        firstEpoch: '',
      })
    },
    findResult: (stage) =>
      this.isSilent ? Promise.reject(new TemporaryFailure('no answer')) : Promise.resolve(this.results.get(stage)),
    dropResult: (stage) => Promise.resolve(void this.results.delete(stage)),
  }

  runner(by: string): JobRunner {
    return {
      run: ({ stage, plan }, { onStarted, onEpoch }) => {
        const { epochs = 1, ms = 0, faults = 0 } = read(plan) as Doing
        let isStopped = false
        let step = this.checkpoints.get(stage) ?? 0
        const begun = [...(this.begun.get(stage) ?? []), { by, from: step }]
        this.begun.set(stage, begun)
        const train = async () => {
          if (begun.length <= faults) throw new Error('the store does not answer')
          onStarted(step)
          while (step < epochs) {
            if (isStopped) return { status: 'interrupted' as const }
            await setTimeout(ms)
            step++
            this.checkpoints.set(stage, step)
            onEpoch({ epoch: step, seconds: 0, loss: 1 })
          }
          const outcome = inline(epochs)
          if (!this.isLosing) this.results.set(stage, outcome)
          return { status: 'done' as const, outcome }
        }
        return {
          end: train(),
          stop: () => {
            isStopped = true
          },
          progress: () => ({ epoch: step + 1, step, steps: epochs, last: { loss: NaN }, elapsedSeconds: 1 }),
        }
      },
      statesOf: () => Promise.resolve(inline('state')),
      close: () => Promise.resolve(),
    }
  }
}

const doings = new Map<string, Doing>()

const inline = (value: unknown): Content => ({ inline: Buffer.from(JSON.stringify(value)).toString('base64') })

function read(content: Content): unknown {
  return 'inline' in content ? JSON.parse(Buffer.from(content.inline, 'base64').toString()) : undefined
}

export interface FakeStage {
  readonly stage: ReadyStage
  readonly hash: string
  /** The epochs that its submitter was told of. */
  readonly told: number[]
}

/** A plan is looked at by its name and hash alone. */
export function fakeStage(name: string, doing: Doing = {}): FakeStage {
  const hash = hashOf(name)
  doings.set(hash, doing)
  const told: number[] = []
  const plan = { hash, name, epochs: doing.epochs ?? 1 } as unknown as ReadyStage['plan']
  return {
    hash,
    told,
    stage: {
      plan,
      ref: { hash, name, seed: 0, experiments: ['fake'] },
      state: undefined,
      checkpointSeconds: 1,
      stallSeconds: 100,
      onStarted: () => undefined,
      onEpoch: ({ epoch }) => told.push(epoch),
      onThreads: () => undefined,
      onWarning: () => undefined,
    },
  }
}
