/** The `gradpool` process: gives `main` the real streams, or a child process the work, and sets the exit code. */
import { surviveClosedTerminal } from './closed-terminal.js'
import { exitCode } from './exit-code.js'
import { takeQueueVariable } from './queue/queue-secret.js'
import { endWithSupervisor, isToBeSupervised, keepSupervisorsQueue, supervise, tellSupervisor } from './supervise.js'

const args = process.argv.slice(2)

async function run(): Promise<number> {
  const { main } = await import('./main.js')
  const { openOutlet } = await import('./display/outlet.js')
  const { watchOutput } = await import('./watch-output.js')
  const output = watchOutput(process.stdout, process.stderr)
  // What is written last may fail after the command has ended.
  process.once('exit', () => {
    if (output.hasFailed() && process.exitCode === exitCode.done) process.exitCode = exitCode.failed
  })
  return main(args, {
    stdout: openOutlet(process.stdout, process.env),
    stderr: openOutlet(process.stderr, process.env),
    onClosed: output.listen,
  })
}

surviveClosedTerminal()
takeQueueVariable()
endWithSupervisor()
try {
  await keepSupervisorsQueue()
  process.exitCode = isToBeSupervised(args)
    ? await supervise([...process.execArgv, ...process.argv.slice(1, 2)], args)
    : await run()
  tellSupervisor({ ends: process.exitCode })
} catch (error) {
  // A defect of Gradpool: its stack is what helps to find it.
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = exitCode.failed
}
