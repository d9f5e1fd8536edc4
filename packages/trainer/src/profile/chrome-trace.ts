/**
 * Profiles in the trace event format, which chrome://tracing and Perfetto open: a process for each training, a thread
 * for each worker, in it a slice for each step, and within that one for each kernel.
 */
import type { ProfiledSlice } from '@gradpool/core/engine'
import { groupBy } from './group-by.js'
import { kernelTimes, stepsIn } from './kernel-times.js'
import type { TrainingProfile } from './training-profile.js'

/** Times are microseconds. */
interface Slice {
  readonly ph: 'X'
  readonly name: string
  readonly cat: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur: number
  readonly args: Readonly<Record<string, number>>
}

/** Names a process or a thread. */
interface Naming {
  readonly ph: 'M'
  readonly name: 'process_name' | 'thread_name'
  readonly pid: number
  readonly tid?: number
  readonly args: { readonly name: string }
}

export function chromeTrace(profiles: readonly TrainingProfile[]) {
  const origin = profiles.reduce(
    (least, { slices }) => slices.reduce((a, { begin }) => Math.min(a, begin), least),
    Infinity,
  )
  const traceEvents = profiles.flatMap((profile, index) => eventsOf(profile, index + 1, origin))
  return {
    displayTimeUnit: 'ns',
    traceEvents,
    otherData: {
      trainings: profiles.map((profile) => ({ name: profile.name, steps: profile.steps, noted: stepsIn(profile) })),
      kernels: kernelTimes(profiles),
    },
  }
}

function eventsOf({ name, kernels, slices }: TrainingProfile, pid: number, origin: number): (Slice | Naming)[] {
  const micros = (ms: number) => Math.round(1e6 * ms) / 1e3
  const spanOf = (begin: number, end: number) => ({ ts: micros(begin - origin), dur: micros(end - begin) })
  const events: (Slice | Naming)[] = [{ ph: 'M', name: 'process_name', pid, args: { name } }]
  const sharing = workersByKernel(slices)
  for (const [tid, own] of groupBy(slices, ({ worker }) => worker)) {
    events.push({ ph: 'M', name: 'thread_name', pid, tid, args: { name: `worker ${tid}` } })
    for (const [step, inStep] of groupBy(own, (slice) => slice.step)) {
      const span = spanOf(inStep[0]?.begin ?? 0, inStep.at(-1)?.end ?? 0)
      events.push({ ph: 'X', name: `step ${step}`, cat: 'step', pid, tid, ...span, args: { step } })
      for (const { kernel, begin, end } of inStep) {
        const { name = '', kind = '', flops = 0, bytes = 0 } = kernels[kernel] ?? {}
        const workers = sharing.get(`${step} ${kernel}`) ?? 1
        const own = { flops: Math.round(flops / workers), bytes: Math.round(bytes / workers) }
        const rate = end > begin ? { 'GFLOP/s': Math.round(own.flops / (end - begin) / 1e3) / 1e3 } : {}
        events.push({ ph: 'X', name, cat: kind, pid, tid, ...spanOf(begin, end), args: { step, ...own, ...rate } })
      }
    }
  }
  return events
}

/** By step and kernel, how many workers share it. */
function workersByKernel(slices: readonly ProfiledSlice[]): Map<string, number> {
  const groups = groupBy(slices, ({ step, kernel }) => `${step} ${kernel}`)
  return new Map([...groups].map(([key, group]) => [key, new Set(group.map(({ worker }) => worker)).size]))
}
