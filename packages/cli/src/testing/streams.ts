/** Streams that keep what is written to them, as a pipe or as a terminal of some width. */
import { Writable } from 'node:stream'
import { openOutlet, type Outlet, type OutputStream } from '../display/outlet.js'
import { type Io } from '../io.js'

export interface Kept {
  readonly stream: OutputStream
  text(): string
}

export function keptStream(terminal: { isTTY?: boolean; columns?: number; rows?: number } = {}): Kept {
  const chunks: string[] = []
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return { stream: Object.assign(stream, terminal), text: () => chunks.join('') }
}

export function keptOutlet(
  terminal: { isTTY?: boolean; columns?: number; rows?: number } = {},
  environment: Readonly<Record<string, string>> = {},
): { outlet: Outlet; stream: OutputStream; text: () => string } {
  const { stream, text } = keptStream(terminal)
  return { outlet: openOutlet(stream, environment), stream, text }
}

export function keptIo(): { io: Io; stdout: () => string; stderr: () => string } {
  const stdout = keptOutlet()
  const stderr = keptOutlet()
  const io = { stdout: stdout.outlet, stderr: stderr.outlet, onClosed: () => undefined }
  return { io, stdout: stdout.text, stderr: stderr.text }
}

/** Line ends aside, nothing that a terminal would take as a command. */
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
export const controlCharacter = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/
