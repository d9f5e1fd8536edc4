/**
 * The command line: commands, options, and what each may be. It parses and dispatches; the commands do the work, and
 * are loaded only when they are asked for.
 */
import { createRequire } from 'node:module'
import { UserError } from '@gradpool/core'
import { Argument, Command, Option } from 'commander'
import { type CompareOptions } from './commands/compare.js'
import { type DashboardCommandOptions } from './commands/dashboard.js'
import { type DataOptions } from './commands/data.js'
import { type DoctorOptions } from './commands/doctor.js'
import { type ExportOptions } from './commands/export.js'
import { type ExportRowsOptions } from './commands/export-rows.js'
import { type GcOptions } from './commands/gc.js'
import { type PlotCommandOptions } from './commands/plot.js'
import { type PredictOptions } from './commands/predict.js'
import { type RunsOptions } from './commands/runs.js'
import { type ReportCommandOptions } from './commands/report.js'
import { type ServeOptions } from './commands/serve.js'
import { type Setup } from './commands/setup.js'
import { type ShowOptions } from './commands/show.js'
import { type IndexBuildOptions } from './commands/index-build.js'
import { type SearchCommandOptions } from './commands/search.js'
import { type WorkerCommandOptions } from './commands/worker.js'
import { type ResumeOptions } from './begun-run.js'
import { type Io } from './io.js'
import { queueActions, type QueueAction, type QueueCommandOptions } from './options/queue-command.js'
import { queueOptions } from './options/queue-options.js'
import {
  outFolder,
  resumeOptions,
  type RunCommandOptions,
  runOptions,
  runsOption,
  verifyOptions,
  workerOptions,
} from './options/run-options.js'
import { dashboardOptions } from './options/dashboard-options.js'
import { exportOptions } from './options/export-options.js'
import { predictOptions, showOptions } from './options/predict-options.js'
import { compareOptions, labelOptions, type LabelOptions, runsOptions } from './options/runs-options.js'
import { plotOptions, reportOptions } from './options/report-options.js'
import { indexBuildOptions, searchOptions } from './options/search-options.js'
import { serveOptions } from './options/serve-options.js'
import { file, folder } from './options/values.js'

const examples = `
Examples:
  gradpool run report                      the six experiments of the report, on all cores
  gradpool run mnist_auto_2 --seed 0..4    one of them five times, mean and spread
  gradpool run my-code.ts --epochs 3       an experiment of your own
  gradpool run report --json > report.json
  gradpool predict latest/mnist_mlp_all --image my-digit.png`

const setups: readonly Setup[] = ['mnist', 'tensorflow', 'native']

const A_RUN = 'a run directory, or its name; the latest if left out'

/** @param ends Called with the exit code of the command that ran. */
export function commandLine(io: Io, ends: (code: number) => void): Command {
  const program = new Command('gradpool')
    .description('Trains neural networks on every core of this machine, the same bits every time.')
    .version(versionOfPackage(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.stream.write(text),
      writeErr: (text) => io.stderr.stream.write(text),
      getOutHasColors: () => io.stdout.colours.isColorSupported,
      getErrHasColors: () => io.stderr.colours.isColorSupported,
      getOutHelpWidth: () => io.stdout.columns(),
      getErrHelpWidth: () => io.stderr.columns(),
      // Whoever catches the error says it, in one sentence.
      outputError: () => undefined,
    })
    .addHelpText('after', examples)

  program
    .command('list')
    .description('the experiments that come with Gradpool')
    .action(async () => {
      const { listCommand } = await import('./commands/list.js')
      ends(listCommand(io))
    })

  const run = program
    .command('run')
    .description('train experiments, by name, group or file')
    .argument('[experiments...]', 'names, groups, or files with an experiment as default export')
    .addHelpText('after', examples)
    .action(async (asked: string[], options: RunCommandOptions) => {
      const { runCommand } = await import('./commands/run.js')
      ends(await runCommand(asked, options, io))
    })
  for (const option of runOptions()) run.addOption(option)

  const resume = program
    .command('resume')
    .description('resume a run that was interrupted or cut off')
    .argument('[run]', A_RUN)
    .action(async (asked: string | undefined, options: ResumeOptions) => {
      const { resumeCommand } = await import('./commands/resume.js')
      ends(await resumeCommand(asked, options, io))
    })
  for (const option of resumeOptions()) resume.addOption(option)

  const watch = program
    .command('watch')
    .description('follow a run to its end, whoever trains it; Ctrl-C ends the watching alone')
    .argument('[run]', A_RUN)
    .action(async (asked: string | undefined, options: ResumeOptions) => {
      const { watchCommand } = await import('./commands/watch.js')
      ends(await watchCommand(asked, options, io))
    })
  for (const option of resumeOptions()) watch.addOption(option)

  const worker = program
    .command('worker')
    .description('train what is in a queue, on all cores of this machine')
    .action(async (options: WorkerCommandOptions) => {
      const { workerCommand } = await import('./commands/worker.js')
      ends(await workerCommand(options, io))
    })
  for (const option of workerOptions()) worker.addOption(option)

  const queue = program
    .command('queue')
    .description('what waits, runs and failed in a queue, and the machines that work on it')
    .addArgument(new Argument('[action]', 'what to do').choices(queueActions).default('list', 'list'))
    .argument('[jobs...]', 'of retry and remove: the first eight or more of their hashes')
    .option('--watch', 'show it again every two seconds')
    .option('--json', 'print JSON, and nothing else on stdout')
    .action(async (action: QueueAction, jobs: string[], options: QueueCommandOptions) => {
      const { queueCommand } = await import('./commands/queue.js')
      ends(await queueCommand(action, jobs, options, io))
    })
  for (const option of queueOptions()) queue.addOption(option)

  const verify = program
    .command('verify')
    .description('train a part of a run again, and compare the bits')
    .argument('[run]', A_RUN)
    .action(async (asked: string | undefined, options: ResumeOptions) => {
      const { verifyCommand } = await import('./commands/verify.js')
      ends(await verifyCommand(asked, options, io))
    })
  for (const option of verifyOptions()) verify.addOption(option)

  const show = program
    .command('show')
    .description('the table and the epochs of a run, live with --watch, or what a saved model is')
    .argument('[target]', `a run (${A_RUN}), a .gradpool file, or RUN/EXPERIMENT`)
    .action(async (asked: string | undefined, options: ShowOptions) => {
      const { showCommand } = await import('./commands/show.js')
      ends(await showCommand(asked, options, io))
    })
  for (const option of showOptions()) show.addOption(option)

  const runs = program
    .command('runs')
    .description('the runs of a folder: searched, filtered and sorted')
    .usage('[command] [options]')
    .action(async (options: RunsOptions) => {
      const { runsCommand } = await import('./commands/runs.js')
      ends(await runsCommand(options, io))
    })
  for (const option of runsOptions()) runs.addOption(option)
  const labelled = (action: 'tag' | 'untag' | 'note', description: string, words: string, told: string) => {
    const command = runs
      .command(action)
      .description(description)
      .argument('<run>', 'a run directory, its name, or `latest`')
      .argument(words, told)
      .action(async (asked: string, all: string[], _: LabelOptions, command: Command) => {
        const { labelCommand } = await import('./commands/label.js')
        ends(await labelCommand(action, asked, all, command.optsWithGlobals(), io))
      })
    for (const option of labelOptions()) command.addOption(option)
    return command
  }
  labelled('tag', 'give a run tags', '<tags...>', 'letters, digits and . _ : / -')
  labelled('untag', 'take tags from a run', '<tags...>', 'those to take')
  labelled('note', 'give a run a note, which replaces the one that it has', '[words...]', 'the note').option(
    '--clear',
    'remove the note',
  )

  const compare = program
    .command('compare')
    .description('what differs between runs, their results by seed, and their curves')
    .argument('<runs...>', 'two or more: each a run directory, its name, `latest`, or RUN/EXPERIMENT')
    .action(async (asked: string[], options: CompareOptions) => {
      const { compareCommand } = await import('./commands/compare.js')
      ends(await compareCommand(asked, options, io))
    })
  for (const option of compareOptions()) compare.addOption(option)

  const report = program
    .command('report')
    .description('write a page of one run or several: table, curves, figures, timeline, hashes; one file, no network')
    .argument('[runs...]', A_RUN)
    .action(async (asked: string[], options: ReportCommandOptions) => {
      const { reportCommand } = await import('./commands/report.js')
      ends(await reportCommand(asked, options, io))
    })
  for (const option of reportOptions()) report.addOption(option)

  const plot = program
    .command('plot')
    .description('one figure of a run as an SVG or PNG file')
    .argument('<run>', "a run directory, its name, or 'latest'")
    .argument('<kind>', 'which figure, such as curves, timeline, confusion, codes or walks')
    .action(async (asked: string, kind: string, options: PlotCommandOptions) => {
      const { plotCommand } = await import('./commands/plot.js')
      ends(await plotCommand(asked, kind, options, io))
    })
  for (const option of plotOptions()) plot.addOption(option)

  const predict = program
    .command('predict')
    .description('what a saved model predicts from a picture, or from rows in a file')
    .argument('<target>', 'a .gradpool file, or RUN/EXPERIMENT, such as latest/mnist_mlp_all')
    .action(async (target: string, options: PredictOptions) => {
      const { predictCommand } = await import('./commands/predict.js')
      ends(await predictCommand(target, options, io))
    })
  for (const option of predictOptions()) predict.addOption(option)

  const exporting = program
    .command('export')
    .description('a saved model in the formats of other libraries, or with smaller weights; or the epochs of a run')
    .argument('<target>', 'a .gradpool file, or RUN/EXPERIMENT, such as latest/mnist_mlp_all; of epochs, a run')
    .action(async (target: string, options: ExportOptions & ExportRowsOptions) => {
      if (options.csv !== undefined || options.parquet !== undefined) {
        const { exportRowsCommand } = await import('./commands/export-rows.js')
        ends(await exportRowsCommand(target, options, io))
        return
      }
      const { exportCommand } = await import('./commands/export.js')
      ends(await exportCommand(target, options, io))
    })
  for (const option of exportOptions()) exporting.addOption(option)

  const serve = program
    .command('serve')
    .description('answer requests for predictions of saved models over HTTP, until Ctrl-C')
    .argument(
      '<models...>',
      'each a .gradpool file or RUN/EXPERIMENT, such as latest/mnist_mlp_all; NAME=MODEL gives it a name',
    )
    .action(async (targets: string[], options: ServeOptions) => {
      const { serveCommand } = await import('./commands/serve.js')
      ends(await serveCommand(targets, options, io))
    })
  for (const option of serveOptions()) serve.addOption(option)

  const dashboard = program
    .command('dashboard')
    .description('serve a page of all runs, those that go on among them, until Ctrl-C')
    .action(async (options: DashboardCommandOptions) => {
      const { dashboardCommand } = await import('./commands/dashboard.js')
      ends(await dashboardCommand(options, io))
    })
  for (const option of dashboardOptions()) dashboard.addOption(option)

  program
    .command('data')
    .description('what is in a file of rows: columns, types, ranges, missing values, classes')
    .argument(
      '<file>',
      'a .csv, .tsv or .jsonl file, plain or .gz, or a .parquet, .npy, .npz, .safetensors or .txt file, or a folder of pictures; with --augmented an experiment',
    )
    .option('--json', 'print one JSON document, and nothing else on stdout')
    .addOption(
      new Option(
        '--augmented <file>',
        'of an experiment, by its name or file: draw images beside what augmentation makes of them, a PNG file',
      )
        .argParser(file('--augmented'))
        .conflicts('json'),
    )
    .addOption(
      new Option(
        '--prepare <folder>',
        'write the rows to a folder, from which any number of them is trained on: stored(folder)',
      ).conflicts('augmented'),
    )
    .option('--target <column>', 'with --prepare: the column that is learnt')
    .option('--classes', 'with --prepare: the values of the target are classes')
    .option('--columns <columns>', 'with --prepare: the columns that are inputs, apart by commas')
    .option('--missing <policy>', 'with --prepare: drop, mean, median, mostFrequent, or a number')
    .addOption(
      new Option('--verify', 'of a folder that --prepare has written: whether its bytes are as they were').conflicts([
        'augmented',
        'prepare',
      ]),
    )
    .action(async (path: string, options: DataOptions) => {
      if (options.prepare !== undefined || options.verify === true) {
        const { dataPrepareCommand } = await import('./commands/data-prepare.js')
        ends(await dataPrepareCommand(path, options, io))
        return
      }
      if (options.augmented !== undefined) {
        const { dataAugmentedCommand } = await import('./commands/data-augmented.js')
        ends(await dataAugmentedCommand(path, options.augmented, io))
        return
      }
      const ofTables = (['target', 'classes', 'columns', 'missing'] as const).find(
        (name) => options[name] !== undefined,
      )
      if (ofTables !== undefined) throw new UserError(`--${ofTables} says how rows are written, so it needs --prepare`)
      const { dataCommand } = await import('./commands/data.js')
      ends(await dataCommand(path, options, io))
    })

  const index = program
    .command('index')
    .description('indexes of images by the codes that an encoder makes of them')
    .usage('[command]')
    .allowExcessArguments()
    .allowUnknownOption()
    .action(() => {
      throw new UserError('Say what to do with an index: `gradpool index build TARGET --out FILE` makes one')
    })
  const build = index
    .command('build')
    .description('encode images with a saved model, and write an index of their codes')
    .argument(
      '[target]',
      'a .gradpool file, a run, or RUN/EXPERIMENT, as latest/mnist_hash_2; the latest run if left out',
    )
    .action(async (target: string | undefined, options: IndexBuildOptions) => {
      const { indexBuildCommand } = await import('./commands/index-build.js')
      ends(await indexBuildCommand(target, options, io))
    })
  for (const option of indexBuildOptions()) build.addOption(option)

  const search = program
    .command('search')
    .description('the images of an index that are most like another')
    .argument('<index>', 'a file that `gradpool index build` wrote')
    .action(async (path: string, options: SearchCommandOptions) => {
      const { searchCommand } = await import('./commands/search.js')
      ends(await searchCommand(path, options, io))
    })
  for (const option of searchOptions()) search.addOption(option)

  program
    .command('gc')
    .description('what no run needs any more, and with --delete, its removal')
    .addOption(runsOption())
    .option('--delete', 'remove it')
    .action(async (options: GcOptions) => {
      const { gcCommand } = await import('./commands/gc.js')
      ends(await gcCommand(options, io))
    })

  program
    .command('setup')
    .description('get what is not installed with Gradpool')
    .addArgument(
      new Argument(
        '<what>',
        'MNIST; TensorFlow, for --engine tensorflow; or native code, compiled here, for machines that no package has it for',
      ).choices(setups),
    )
    .action(async (what: Setup) => {
      const { setupCommand } = await import('./commands/setup.js')
      ends(await setupCommand(what, io))
    })

  program
    .command('doctor')
    .description('what works on this machine, and how to get what does not')
    .option('--data <dir>', 'folder of IDX files to check', folder('--data'))
    .option('--out <dir>', 'where run directories would be made', folder('--out'), outFolder)
    .action(async (options: DoctorOptions) => {
      const { doctorCommand } = await import('./commands/doctor.js')
      ends(await doctorCommand(options, io))
    })

  return program
}

function versionOfPackage(): string {
  const description: unknown = createRequire(import.meta.url)('../package.json')
  const known = typeof description === 'object' && description !== null && 'version' in description
  return known ? String(description.version) : 'unknown'
}
