/** Asks for predictions without a server. */
import type { Answers } from '../protocol/answers.js'

export interface Told {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
  /** Of the JSON, whatever comes after it. */
  readonly json: unknown
}

export async function ask(
  answers: Answers,
  body: object | Uint8Array,
  { headers = {}, path = '/models/digits/infer', method = 'POST' } = {},
): Promise<Told> {
  const given: Readonly<Record<string, string>> = headers
  const bytes = body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body))
  const {
    status,
    headers: its,
    body: answered,
  } = await answers.answer({
    method,
    path,
    header: (name) => given[name],
    body: bytes,
  })
  const all = typeof answered === 'string' ? new TextEncoder().encode(answered) : answered
  const length = Number(its['inference-header-content-length'] ?? all.length)
  const json: unknown = JSON.parse(new TextDecoder().decode(all.subarray(0, length)))
  return { status, headers: its, bytes: all.subarray(length), json }
}

/** A body of JSON with bytes after it, and its header. */
export function withBytes(request: object, ...parts: readonly Uint8Array[]) {
  const json = new TextEncoder().encode(JSON.stringify(request))
  return {
    body: new Uint8Array(Buffer.concat([json, ...parts])),
    headers: { 'inference-header-content-length': String(json.length) },
  }
}

export const bytesOf = (values: Float32Array | Int32Array | Uint8Array) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
