/**
 * `gradpool run`: trains what was asked for, shows it while it goes on, and ends with the table; or, with `--json`,
 * with one JSON document and nothing else on stdout.
 */
import { Console } from 'node:console'
import { join } from 'node:path'
import { type Engine } from '@gradpool/core/engine'
import { type ExperimentPlan } from '@gradpool/experiments'
import {
  EventLog,
  findResumable,
  type RunEvent,
  runExperiments,
  type RunOptions,
  type RunResult,
  stageGraph,
} from '@gradpool/orchestrator'
import { messageOf } from '@gradpool/storage'
import { dashboardBeside, type DashboardBeside } from '../dashboard/beside-run.js'
import { type Display, displayFor } from '../display/display.js'
import { printOutcome, sampleKeeper } from '../display/outcome.js'
import { type Outlet } from '../display/outlet.js'
import { titleOfStage } from '../display/titles.js'
import { reportWordsFor } from '../display/report-words.js'
import { stageWords } from '../display/stage-words.js'
import { chooseEngine, checkProfile, kernelTable, type TrainingProfile, writeProfile } from '@gradpool/trainer'
import { exitCode } from '../exit-code.js'
import { type Interrupts, watchInterrupts } from '../interrupts.js'
import { type Io } from '../io.js'
import { logSinks } from '../log-sinks.js'
import { checkOutputs, TRACE_FILE } from '../output-files.js'
import { planExperiments } from '../plan-experiments.js'
import { type RunCommandOptions } from '../options/run-options.js'
import { checkQueueOptions, submit, usesQueue } from '../queue/submission.js'
import { reportIfInstalled } from '../setup/load-report.js'
import { isSupervised, restarted, tellSupervisor } from '../supervise.js'
import { selectExperiments } from '../select-experiments.js'
import { type OutputEnd } from '../watch-output.js'

/**
 * @param resume A run directory to resume.
 * @returns the exit code
 * @throws UserError before anything has started
 */
export async function runCommand(
  asked: readonly string[],
  options: RunCommandOptions,
  io: Io,
  resume?: string,
): Promise<number> {
  checkQueueOptions(options)
  if (options.json === true) keepStdoutClean(io)
  const outlet = options.json === true ? io.stderr : io.stdout
  const interrupts = watchInterrupts(() => {
    // Live lines are not to be written into; they end in a moment.
    if (options.quiet !== true && !outlet.live) io.stderr.print('Stopping …')
  })
  let outputEnd: OutputEnd | undefined
  io.onClosed((why) => {
    outputEnd = why
    interrupts.abort()
  })
  if (options.maxMinutes !== undefined) interrupts.stopAfter(options.maxMinutes)
  let engine: Engine | undefined
  let beside: DashboardBeside | undefined
  try {
    const configs = await selectExperiments(asked, options)
    const sinks = await logSinks(options.log)
    engine = await chooseEngine(options)
    if (options.profile !== undefined) {
      await checkProfile(engine, options.profile)
      const inputs = [...asked, options.data]
      await checkOutputs([{ option: '--profile', path: options.profile, kind: TRACE_FILE }], { inputs })
    }
    const plans = await planExperiments(configs, {
      seeds: options.seed,
      allocate: engine.allocate,
      directory: options.data,
      signal: interrupts.signal,
      onSplit({ counts, leaks }) {
        for (const leak of leaks) io.stderr.print(`Warning: ${leak}`)
        if (options.quiet !== true) outlet.print(counts)
      },
    })
    if (options.dashboard === true) beside = await dashboardBeside(options.out)
    if (beside !== undefined && options.quiet !== true) outlet.print(beside.told)
    const known = restarted().run ?? resume
    const unfinished = options.resume === true && known === undefined
    const directory = unfinished ? await findResumable(plans, engine, options.out) : known
    const context = { asked, options, io, interrupts, outputEnd: () => outputEnd, sinks, resume: directory }
    return await train(plans, engine, context)
  } catch (error) {
    if (!(interrupts.signal.aborted && isAbort(error))) throw error
    if (outputEnd !== undefined) io.stderr.print(`Nothing was trained, because ${outputEnd}.`)
    return interrupts.exitCode() ?? exitCode.failed
  } finally {
    beside?.end()
    await engine?.dispose()
    interrupts.dispose()
  }
}

interface Context {
  readonly asked: readonly string[]
  readonly options: RunCommandOptions
  readonly io: Io
  readonly interrupts: Interrupts
  /** Why no more output can be written; undefined while it can. */
  readonly outputEnd: () => OutputEnd | undefined
  readonly sinks: RunOptions['sinks']
  readonly resume: string | undefined
}

async function train(
  plans: readonly ExperimentPlan[],
  engine: Engine,
  { asked, options, io, interrupts, outputEnd, sinks, resume }: Context,
): Promise<number> {
  const { json = false, quiet = false, workers } = options
  const manySeeds = options.seed.length > 1
  const submitted = usesQueue(options)
    ? await submit(plans, engine, { ...options, fresh: options.fresh === true && resume === undefined }, (message) =>
        io.stderr.print(`Warning: ${message}`),
      )
    : undefined
  const parallel = plans.length > 1 && (workers > 1 || submitted !== undefined)
  const outlet = json ? io.stderr : io.stdout
  const inReportWords = reportWordsFor(options.lang)
  const display = await displayFor({
    outlet,
    quiet,
    engineLine: submitted?.line ?? engineLine(options, engine),
    parallel,
    manySeeds,
    stages: [...stageGraph(plans).values()].map(({ ref }) => ref),
    ...stageWords(plans, inReportWords),
  })
  if (resume !== undefined && !quiet) await recall(resume, display)
  const { samples, onEvent: keepSamples } = sampleKeeper()
  const { after } = restarted()
  const stuck = new AbortController()
  const profiles = new Map<string, readonly TrainingProfile[]>()
  const onProfile: RunOptions['onProfile'] = (stage, noted) => {
    const title = titleOfStage(stage, manySeeds)
    profiles.set(
      stage.hash,
      noted.map((profile) => ({ ...profile, name: `${title} ${profile.name}` })),
    )
  }
  const shared = {
    directory: options.out,
    signal: interrupts.signal,
    ...(sinks && { sinks }),
    onEvent(event: RunEvent) {
      keepSamples(event)
      display.onEvent(event)
    },
    record: { ...options, asked, cwd: process.cwd(), ...submitted?.record },
    ...(resume !== undefined && { resume }),
    ...(after !== undefined && { after }),
    fresh: options.fresh === true,
    checkpointSeconds: options.checkpointEvery,
    ...(options.stallAfter !== undefined && { stallSeconds: options.stallAfter }),
  }
  const here: RunOptions = {
    ...shared,
    engine,
    workers,
    ...(options.profile !== undefined && { onProfile }),
    onStuck() {
      stuck.abort()
      // All stages stop at a checkpoint, from which they go on in another process.
      if (isSupervised()) interrupts.abort()
    },
  }
  const run = await runExperiments(plans, submitted ? { ...shared, engine, trainer: submitted.trainer } : here).catch(
    async (error: unknown) => {
      await submitted?.trainer.close()
      throw error
    },
  )
  tellSupervisor({ run: run.directory })
  display.start(run)
  const result = await run.result.finally(() => display.stop())
  if (stuck.signal.aborted && isSupervised()) endAtOnce()
  if (options.detach === true && interrupts.exitCode() === undefined && !isOver(result)) {
    if (json) io.stdout.printJson(JSON.stringify(result, null, 2))
    else outlet.print(`Its stages are in the queue. Follow them with: gradpool watch ${quotedRun(result)}`)
    return result.experiments.some(({ status }) => status === 'failed') ? exitCode.failed : exitCode.done
  }
  if (json) io.stdout.printJson(JSON.stringify(result, null, 2))
  else printOutcome(outlet, result, { samples, quiet, inReportWords })
  if (!json && !quiet && options.report && interrupts.exitCode() === undefined) {
    const path = await writeReportOf(run.directory, plans, (message) => io.stderr.print(message))
    if (path !== undefined) outlet.print(`Report: ${path}`)
  }
  if (options.profile !== undefined) await tellProfile(options.profile, [...profiles.values()].flat(), io, outlet)
  const end = outputEnd()
  if (end !== undefined && result.experiments.some(({ status }) => status === 'interrupted')) {
    io.stderr.print(`The run was stopped, because ${end}. Resume it with: ${resumeCommand(result)}`)
  } else if (interrupts.exitCode() !== undefined && !quiet) {
    io.stderr.print(`Go on with: ${resumeCommand(result)}`)
  }
  if (stuck.signal.aborted) endAtOnce()
  return interrupts.exitCode() ?? codeOf(result)
}

/** What the processes before told of a run, as far as it can be read. */
async function recall(directory: string, display: Display): Promise<void> {
  try {
    for await (const { events } of new EventLog(directory).added()) for (const event of events) display.recall(event)
  } catch {
    // Whether the run can go on without its log, the run says.
  }
}

/** The most that a report adds to a run; `gradpool report` makes what is missing then. */
const REPORT_SECONDS = 5

/**
 * The path of the page; undefined where the package that draws it is not there, or it could not be written, which fails
 * no run.
 */
async function writeReportOf(
  directory: string,
  plans: readonly ExperimentPlan[],
  tell: (message: string) => void,
): Promise<string | undefined> {
  const report = await reportIfInstalled()
  if (report === undefined) return undefined
  const data = new Map(
    plans.flatMap(({ stages }) =>
      stages.flatMap(({ hash, test, validation, samples, table }) => {
        const judged = test?.data ?? validation?.data
        if (judged === undefined) return []
        const { classNames, target } = table ?? {}
        return [[hash, { test: judged, imageShape: samples?.imageShape, classNames, target }] as const]
      }),
    ),
  )
  try {
    const path = join(directory, 'report.html')
    await report.writeReport([directory], path, { data, mostSeconds: REPORT_SECONDS })
    return path
  } catch (error) {
    tell(`No report was written: ${messageOf(error)}`)
    return undefined
  }
}

/** @throws UserError where the file cannot be written */
async function tellProfile(path: string, profiles: readonly TrainingProfile[], { stderr }: Io, outlet: Outlet) {
  if (profiles.length === 0) {
    stderr.print(`No stage was trained, so '${path}' is not written; --fresh trains every stage.`)
    return
  }
  await writeProfile(path, profiles)
  outlet.print(`\n${kernelTable(profiles)}\nThe profile is in '${path}'; chrome://tracing and ui.perfetto.dev show it.`)
}

/** A process one of whose threads does not end cannot end in another way; what was printed is out. */
function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL')
}

function engineLine({ engine: asked }: RunCommandOptions, { name, description }: Engine): string {
  return `Engine ${asked === 'auto' ? `auto takes ${name}` : name}: ${description}`
}

function resumeCommand(result: RunResult): string {
  return `gradpool resume ${quotedRun(result)}`
}

function quotedRun({ run }: RunResult): string {
  return /^[\w./-]+$/.test(run) ? run : `'${run}'`
}

function isOver({ experiments }: RunResult): boolean {
  return experiments.every(({ status }) => status === 'done')
}

function codeOf(result: RunResult): number {
  return isOver(result) ? exitCode.done : exitCode.failed
}

/** What a user's file prints must not get into the JSON document. */
function keepStdoutClean({ stderr }: Io): void {
  globalThis.console = new Console({ stdout: stderr.stream, stderr: stderr.stream })
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError'
}
