/** What the kernels of trainings take, summed over the steps that were noted, and as a table of the largest. */
import type { ProfiledKernel, ProfiledSlice } from '@gradpool/core/engine'
import { groupBy } from './group-by.js'
import type { TrainingProfile } from './training-profile.js'

export interface KernelTimes extends ProfiledKernel {
  readonly training: string
  /** Of the time of all trainings, each with as many steps as it has done. */
  readonly share: number
  /** Milliseconds of a step: those of all workers by their number, so that the kernels of a step add up to its time. */
  readonly perStep: number
  /** Billions a second, while it runs. */
  readonly gigaflops: number
  readonly gigabytes: number
}

/** The largest first. */
export function kernelTimes(profiles: readonly TrainingProfile[]): KernelTimes[] {
  const all = profiles.flatMap((profile) => {
    const { size: numWorkers } = new Set(profile.slices.map(({ worker }) => worker))
    const numSteps = stepsIn(profile)
    const byKernel = groupBy(profile.slices, ({ kernel }) => kernel)
    return profile.kernels.flatMap((kernel, index) => {
      const slices = byKernel.get(index)
      if (slices === undefined) return []
      const perStep = sum(slices.map(lengthOf)) / numWorkers / numSteps
      // Workers that share a kernel run it at the same time.
      const steps = [...groupBy(slices, ({ step }) => step).values()]
      const running = steps.map((own) => Math.max(...own.map(lengthOf)))
      const rate = (count: number) => (count * running.length) / (1e6 * sum(running))
      const rates = { gigaflops: rate(kernel.flops), gigabytes: rate(kernel.bytes) }
      return [{ ...kernel, training: profile.name, ...rates, perStep, time: perStep * profile.steps }]
    })
  })
  const whole = sum(all.map(({ time }) => time))
  return all.map(({ time, ...kernel }) => ({ ...kernel, share: time / whole })).sort((a, b) => b.share - a.share)
}

export function stepsIn({ slices }: TrainingProfile): number {
  return new Set(slices.map(({ step }) => step)).size
}

const MOST_ROWS = 10

/** What a step takes, and the ten largest kernels, for people. */
export function kernelTable(profiles: readonly TrainingProfile[]): string {
  const rows = kernelTimes(profiles).slice(0, MOST_ROWS)
  const cells = rows.map(({ training, name, share, perStep, gigaflops, gigabytes }) => [
    `${(100 * share).toFixed(1)} %`,
    microseconds(perStep),
    gigaflops === 0 ? '–' : gigaflops.toFixed(1),
    gigabytes === 0 ? '–' : gigabytes.toFixed(1),
    profiles.length > 1 ? `${training}: ${name}` : name,
  ])
  const lines = [['share', 'of a step', 'GFLOP/s', 'GB/s', 'kernel'], ...cells]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const table = lines.map((line) => line.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
  return [...profiles.map(stepLine), ...table].join('\n')
}

function stepLine(profile: TrainingProfile): string {
  const { name, steps, slices } = profile
  const { size: numWorkers } = new Set(slices.map(({ worker }) => worker))
  const numSteps = stepsIn(profile)
  const perStep = microseconds(sum(slices.map(lengthOf)) / numWorkers / numSteps)
  const workers = numWorkers === 1 ? '' : `, ${numWorkers} workers`
  return `${name}: ${perStep} a step${workers}, over ${numSteps} of ${steps} steps`
}

function lengthOf({ begin, end }: ProfiledSlice): number {
  return end - begin
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Of milliseconds, with three digits. */
function microseconds(ms: number): string {
  const value = 1000 * ms
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} µs`
}
