/** What MLflow is asked over its REST API. https://mlflow.org/docs/latest/api_reference/rest-api.html */
import { UserError } from '@gradpool/core'

const TIMEOUT_MS = 10_000
const TRIES = 3
const FIRST_WAIT_MS = 200

/** How a server is reached, as the variables of MLflow's own client have it. */
export interface Access {
  readonly token?: string | undefined
  readonly user?: string | undefined
  readonly password?: string | undefined
}

export class MlflowClient {
  readonly #base: string
  readonly #headers: Readonly<Record<string, string>>

  /** @throws UserError for what is no address of a server */
  constructor(url: string, { token, user, password = '' }: Access) {
    this.#base = baseOf(url)
    const basic = user === undefined ? undefined : Buffer.from(`${user}:${password}`).toString('base64')
    const authorization = token === undefined ? basic && `Basic ${basic}` : `Bearer ${token}`
    this.#headers = authorization === undefined ? {} : { authorization }
  }

  get url(): string {
    return this.#base
  }

  /** @throws Error with one sentence where the server is away or refuses */
  async post(path: string, body: object): Promise<unknown> {
    const headers = { 'content-type': 'application/json' }
    return this.#ask(`/api/2.0/mlflow/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  /** Undefined where there is none of that name. @throws as `post` */
  async experimentOf(name: string): Promise<string | undefined> {
    const path = `/api/2.0/mlflow/experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`
    const found = await this.#ask(path, {}, [404])
    return textAt(found, 'experiment', 'experiment_id')
  }

  /** @throws as `post` */
  async putArtifact(path: string, body: Uint8Array): Promise<void> {
    const encoded = path.split('/').map(encodeURIComponent).join('/')
    // The body is bytes of this process, which no other thread changes.
    await this.#ask(`/api/2.0/mlflow-artifacts/artifacts/${encoded}`, { method: 'PUT', body: Uint8Array.from(body) })
  }

  /** Again where the server is away for a moment: what is asked here may be asked twice. */
  async #ask(path: string, request: RequestInit, missing: readonly number[] = []): Promise<unknown> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(path, request, missing)
      } catch (error) {
        if (attempt === TRIES || error instanceof Refused) throw error
        await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** (attempt - 1)))
      }
    }
  }

  async #once(path: string, request: RequestInit, missing: readonly number[]): Promise<unknown> {
    let response
    let text
    try {
      response = await fetch(this.#base + path, {
        ...request,
        headers: { ...this.#headers, ...Object.fromEntries(new Headers(request.headers)) },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      text = await response.text()
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : messageOf(cause)
      throw new Error(`MLflow at ${this.#base} does not answer: ${reason}`, { cause: error })
    }
    if (missing.includes(response.status)) return undefined
    if (response.ok) return text === '' ? {} : parsed(text)
    const message = `MLflow at ${this.#base} answers ${response.status}: ${textAt(parsed(text), 'message') ?? 'no reason'}`
    throw response.status < 500 ? new Refused(message) : new Error(message)
  }
}

/** Asking again would not help. */
class Refused extends Error {}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A text inside of objects. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value
  for (const name of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined
  return typeof at === 'string' ? at : undefined
}

function baseOf(url: string): string {
  const found = URL.canParse(url) ? new URL(url) : undefined
  if (found === undefined || !/^https?:$/.test(found.protocol)) {
    throw new UserError(`MLflow is reached at an address such as http://127.0.0.1:5000, not '${url}'`)
  }
  if (found.username !== '' || found.password !== '') {
    throw new UserError(
      'the user and the password for MLflow go into MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD',
    )
  }
  return `${found.origin}${found.pathname}`.replace(/\/+$/, '')
}
