/** What a command may touch of the process it runs in, so that tests can give it something else. */
import { type Outlet } from './display/outlet.js'
import { type OutputEnd } from './watch-output.js'

export interface Io {
  readonly stdout: Outlet
  readonly stderr: Outlet
  /** Calls the listener once no more output can be written, at once if that is so already. */
  readonly onClosed: (listener: (why: OutputEnd) => void) => void
}
