/** The table of docs/platforms.md, from what `npm run test:platforms -- --write` found. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { instructionSetsOf } from '../../packages/engine-cpu/native/instruction-sets.mjs'
import { tableOf } from '../figures/markdown.mjs'
import { platforms } from './platforms.mjs'

const SYSTEMS = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' }
const LIBRARIES = { gnu: ', glibc', musl: ', musl' }
const SETS = { avx512: 'AVX-512', avx2: 'AVX2', neon: 'NEON' }
const titleOf = (set) => SETS[set] ?? set.replace('sse', 'SSE')

export function platformsTable() {
  const results = JSON.parse(readFileSync(join(import.meta.dirname, 'results.json'), 'utf8'))
  const table = tableOf(
    ['platform', 'instruction sets', 'what was done with its code'],
    platforms.map(({ name, os, cpu, libc, format }) => {
      const sets = instructionSetsOf(cpu).map((set) => set.name)
      const { sets: run, how } = results.platforms.find((its) => its.name === name) ?? {}
      const which = run?.length === sets.length ? 'all' : run?.map(titleOf).join(', ')
      const signature = format === 'Mach-O' && cpu === 'arm64' ? ', signature' : ''
      const done = run
        ? `run, ${which}: ${how}`
        : `read: format, processor, symbols, libraries${signature}; **not run**`
      return [`${SYSTEMS[os]} ${cpu}${LIBRARIES[libc] ?? ''}`, sets.map(titleOf).join(', '), done]
    }),
  )
  const { planVersion, machine, date } = results
  return `${table}\n\nKernels of plan version ${planVersion}, on an ${machine}, ${date}.`
}
