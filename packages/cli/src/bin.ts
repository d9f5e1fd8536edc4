/** The `gradpool` process: gives `main` the real streams, and sets the exit code. */
import { openOutlet } from './display/outlet.js'
import { exitCode } from './exit-code.js'
import { main } from './main.js'
import { outputClosed } from './output-closed.js'

const closed = outputClosed(process.stdout, process.stderr)

try {
  process.exitCode = await main(process.argv.slice(2), {
    stdout: openOutlet(process.stdout, process.env),
    stderr: openOutlet(process.stderr, process.env),
    onClosed: closed.listen,
  })
} catch (error) {
  // A defect of Gradpool: its stack is what helps to find it.
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  )
  process.exitCode = exitCode.failed
}
