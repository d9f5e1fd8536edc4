/** The child of programs.mjs: cases one after the other, a line before and a line after each. */
import { writeSync } from 'node:fs'
import { contractSources, judge, mutatedProgram, Random } from '@gradpool/engine-contract'
import { nativeEngine, nativeInstructionSets, wasmEngine } from '@gradpool/engine-cpu'
import { catalogueSources } from './sources.mjs'

export async function tryCases(first, end, mostMegabytes) {
  const sources = [...contractSources(), ...(await catalogueSources())]
  const memory = { memoryBytes: 2 ** 27 }
  const engines = [await wasmEngine(memory)]
  if (nativeInstructionSets().length > 0) engines.push(await nativeEngine(memory))
  let peak = 0
  for (let number = first; number < end; number++) {
    tell({ begins: number })
    const random = new Random(number)
    const mutated = mutatedProgram(random.of(sources), random)
    const { source } = mutated
    let line
    try {
      line = { verdict: await judge(mutated, engines) }
    } catch (error) {
      line = { verdict: 'wrong', what: error instanceof Error ? error.message : String(error) }
    }
    const megabytes = Math.round(process.resourceUsage().maxRSS / 1024)
    if (megabytes > mostMegabytes && peak <= mostMegabytes) {
      line = { verdict: 'wrong', what: `took ${megabytes} MiB: more than ${mostMegabytes}` }
    }
    peak = megabytes
    tell({ number, source, megabytes, ...line })
  }
  // Arenas are given back with the process.
  process.exit(0)
}

/** At once, since the process may end the next moment. */
function tell(line) {
  writeSync(1, `${JSON.stringify(line)}\n`)
}
