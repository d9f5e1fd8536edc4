/** The `gradpool` command as a function, for programs that embed it. */
export { commandLine } from './command-line.js'
export { openOutlet, type Outlet, type OutputStream } from './display/outlet.js'
export { type Io } from './io.js'
export { main } from './main.js'
