/**
 * The builds of the kernels in WebAssembly. All give the same bits: `relaxed` by the fused multiply-add of relaxed
 * SIMD, `emulated` in a longer way, where a CPU or a WebAssembly engine does not fuse. Each is there for memory that
 * threads share, and for memory of one thread.
 */
import { UserError } from '@gradpool/core'
import { findFile, type FileLocation } from '@gradpool/core/engine'
import { nodeModule, nodeProcess } from '@gradpool/core/node-module'
import type { WasmExports, WasmMemory, WasmModule } from './web-assembly.js'

const FILES = {
  relaxed: { shared: 'kernels.wasm', unshared: 'kernels-unshared.wasm' },
  emulated: { shared: 'kernels-emulated.wasm', unshared: 'kernels-emulated-unshared.wasm' },
} as const

export type WasmBuild = keyof typeof FILES
export type Sharing = keyof (typeof FILES)[WasmBuild]

type WasmFile = (typeof FILES)[WasmBuild][Sharing]

/** Best first. */
const PREFERENCE: readonly WasmBuild[] = ['relaxed', 'emulated']

/** Written out one by one, so that bundlers see which files there are. */
const BESIDE: Readonly<Record<WasmFile, () => URL>> = {
  'kernels.wasm': () =>
    import.meta.url.endsWith('.ts')
      ? new URL('../dist/kernels.wasm', import.meta.url)
      : new URL('./kernels.wasm', import.meta.url),
  'kernels-emulated.wasm': () =>
    import.meta.url.endsWith('.ts')
      ? new URL('../dist/kernels-emulated.wasm', import.meta.url)
      : new URL('./kernels-emulated.wasm', import.meta.url),
  'kernels-unshared.wasm': () =>
    import.meta.url.endsWith('.ts')
      ? new URL('../dist/kernels-unshared.wasm', import.meta.url)
      : new URL('./kernels-unshared.wasm', import.meta.url),
  'kernels-emulated-unshared.wasm': () =>
    import.meta.url.endsWith('.ts')
      ? new URL('../dist/kernels-emulated-unshared.wasm', import.meta.url)
      : new URL('./kernels-emulated-unshared.wasm', import.meta.url),
}

const compiled = new Map<WasmFile, WasmModule>()

/**
 * A build, compiled once per thread.
 *
 * @throws UserError where there is no such file; Error where it cannot be loaded at once, or WebAssembly here lacks
 *   what it needs
 */
export function wasmModule(build: WasmBuild, sharing: Sharing = 'shared'): WasmModule {
  const file = FILES[build][sharing]
  const known = compiled.get(file)
  if (known !== undefined) return known
  const found = find(file)
  if (isModule(found)) return keep(file, found)
  const bytes = bytesAt(found)
  // Node 20 has relaxed SIMD behind this flag, and later ones do not know the flag.
  if (!WebAssembly.validate(bytes)) nodeModule('node:v8')?.setFlagsFromString('--experimental-wasm-relaxed-simd')
  return keep(file, new WebAssembly.Module(bytes))
}

/**
 * Loads what `wasmModule` cannot load at once: where there are no files, as in a browser, the best build that runs
 * here.
 */
export async function loadWasmModules(sharing: Sharing): Promise<void> {
  if (nodeModule('node:fs')) return
  if (exactBuilds(sharing).length > 0) return
  for (const build of PREFERENCE) {
    const file = FILES[build][sharing]
    const found = findOrUndefined(file)
    if (!isAddress(found)) continue
    const response = await fetch(found)
    if (!response.ok) throw new Error(`'${String(found)}' cannot be read: the server answers ${response.status}`)
    const bytes = await response.arrayBuffer()
    if (!WebAssembly.validate(bytes)) continue
    keep(file, await WebAssembly.compile(bytes))
    if (isExact(build, sharing)) return
  }
}

/** Where it is not to be found, `whyNot` says so. */
function findOrUndefined(file: WasmFile): FileLocation | undefined {
  try {
    return find(file)
  } catch {
    return undefined
  }
}

function find(file: WasmFile): FileLocation {
  return findFile({ name: file, own: BESIDE[file], specifier: `@gradpool/engine-cpu/${file}` })
}

function keep(file: WasmFile, module: WasmModule): WasmModule {
  compiled.set(file, module)
  return module
}

function bytesAt(found: FileLocation): BufferSource {
  if (isBytes(found)) return found
  if (!isAddress(found)) throw new UserError('locateFiles: kernels are a path, a URL, bytes or a WebAssembly.Module')
  const fs = nodeModule('node:fs')
  if (fs) return fs.readFileSync(typeof found === 'string' && found.startsWith('file:') ? new URL(found) : found)
  throw new Error(`'${String(found)}' is not loaded yet`)
}

// Not by `instanceof`: each realm, as that of a `vm` context, has classes of its own.

function isModule(value: unknown): value is WasmModule {
  return tagOf(value) === 'WebAssembly.Module'
}

function isBytes(value: unknown): value is ArrayBuffer | ArrayBufferView<ArrayBuffer> {
  return tagOf(value) === 'ArrayBuffer' || ArrayBuffer.isView(value)
}

function isAddress(value: unknown): value is string | URL {
  return typeof value === 'string' || tagOf(value) === 'URL'
}

function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}

/** An instance of a build over a memory, with the clock that WebAssembly lacks: `now_ms` of `kernels/clock.c`. */
export function instanceOf(module: WasmModule, memory: WasmMemory): WasmExports {
  return new WebAssembly.Instance(module, { env: { memory, now: monotonicMs } }).exports
}

/** Milliseconds since a time that is the same for all threads, other than that of `performance.now()`. */
function monotonicMs(): number {
  const time = nodeProcess()?.hrtime?.()
  if (time === undefined) return performance.timeOrigin + performance.now()
  return 1e3 * time[0] + 1e-6 * time[1]
}

const tried = new Map<WasmFile, { readonly isExact: boolean; readonly error?: unknown }>()

/** Whether a build runs here and rounds once. */
export function isExact(build: WasmBuild, sharing: Sharing = 'shared'): boolean {
  return trial(build, sharing).isExact
}

/** The builds that run here, best first. */
export function exactBuilds(sharing: Sharing = 'shared'): WasmBuild[] {
  return PREFERENCE.filter((build) => isExact(build, sharing))
}

/** Why the best build does not run here, where it does not. */
export function whyNot(sharing: Sharing): unknown {
  return PREFERENCE.map((build) => trial(build, sharing).error).find((error) => error !== undefined)
}

function trial(build: WasmBuild, sharing: Sharing): { readonly isExact: boolean; readonly error?: unknown } {
  const file = FILES[build][sharing]
  const known = tried.get(file)
  if (known) return known
  const result = tryOut(build, sharing)
  // What is not there yet may be told later.
  if (result.error === undefined) tried.set(file, result)
  return result
}

function tryOut(build: WasmBuild, sharing: Sharing): { readonly isExact: boolean; readonly error?: unknown } {
  try {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: sharing === 'shared' })
    return { isExact: roundsOnce(instanceOf(wasmModule(build, sharing), memory) as unknown as MultiplyAdd) }
  } catch (error) {
    return { isExact: false, error }
  }
}

/** `kernels/run.c` exports it: a * b + c in f32. */
export interface MultiplyAdd {
  readonly multiply_add: (a: number, b: number, c: number) => number
}

/** Relaxed SIMD leaves it to the CPU whether it rounds the product, too: then this is 0. */
export function roundsOnce({ multiply_add }: MultiplyAdd): boolean {
  const a = 1 + 2 ** -12
  return multiply_add(a, a, -(1 + 2 ** -11)) === 2 ** -24
}
