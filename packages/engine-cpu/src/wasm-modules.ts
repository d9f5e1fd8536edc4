/**
 * The two builds of the kernels in WebAssembly. Both give the same bits: `relaxed` by the fused
 * multiply-add of relaxed SIMD, `emulated` in a longer way, where a CPU or a WebAssembly engine
 * does not fuse.
 *
 * Worker threads load this file, so it imports no other package.
 */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'

const FILES = { relaxed: 'kernels.wasm', emulated: 'kernels-emulated.wasm' } as const

export type WasmBuild = keyof typeof FILES

const compiled = new Map<WasmBuild, WebAssembly.Module>()

/**
 * A build, compiled once per thread.
 *
 * @throws Error where it is not built, or WebAssembly here lacks what it needs
 */
export function wasmModule(build: WasmBuild): WebAssembly.Module {
  const known = compiled.get(build)
  if (known !== undefined) return known
  const bytes = readFileSync(new URL(`../dist/${FILES[build]}`, import.meta.url))
  // Node 20 has relaxed SIMD behind this flag, and later ones do not know the flag.
  if (!WebAssembly.validate(bytes)) setFlagsFromString('--experimental-wasm-relaxed-simd')
  const module = new WebAssembly.Module(bytes)
  compiled.set(build, module)
  return module
}

/** An instance of a build over a memory, with the clock that WebAssembly lacks: `now_ms` of `kernels/clock.c`. */
export function instanceOf(module: WebAssembly.Module, memory: WebAssembly.Memory): WebAssembly.Exports {
  return new WebAssembly.Instance(module, { env: { memory, now: monotonicMs } }).exports
}

/** Milliseconds since a time that is the same for all threads, other than that of `performance.now()`. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return 1e3 * seconds + 1e-6 * nanoseconds
}

const exact = new Map<WasmBuild, boolean>()

/** Whether a build runs here and rounds once. */
export function isExact(build: WasmBuild): boolean {
  const known = exact.get(build) ?? triedOut(build)
  exact.set(build, known)
  return known
}

function triedOut(build: WasmBuild): boolean {
  try {
    const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true })
    return roundsOnce(instanceOf(wasmModule(build), memory) as unknown as MultiplyAdd)
  } catch {
    return false
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
