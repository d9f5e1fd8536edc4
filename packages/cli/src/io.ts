/** What a command may touch of the process it runs in, so that tests can give it something else. */
import { type Outlet } from './display/outlet.js'

export interface Io {
  readonly stdout: Outlet
  readonly stderr: Outlet
  /** Called, at once if that is already so, when nobody reads the output any more. */
  readonly onClosed: (listener: () => void) => void
}
