/**
 * A terminal that is closed while the process works. Node gives its terminals their modes back as it ends, and aborts
 * with a native stack trace if one of them is gone. A descriptor that is closed it leaves alone.
 */
import { closeSync } from 'node:fs'
import { isatty } from 'node:tty'

const STANDARD_STREAMS = [0, 1, 2]

/** Closes, as the process ends, the terminals that it started with and that are closed by then. */
export function surviveClosedTerminal(): void {
  const terminals = STANDARD_STREAMS.filter(isatty)
  process.once('exit', () => {
    for (const terminal of terminals) if (!isatty(terminal)) closeSync(terminal)
  })
}
