/** ONNX Runtime, which is no dependency for its size: installed once, into a cache. */
import type { Shape, Values } from '@gradpool/core'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'

const wanted = 'onnxruntime-node@1.30.0'

interface OnnxTensor {
  readonly type: string
  readonly data: Values
  readonly dims: Shape
}

interface OnnxSession {
  run(inputs: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>
  release(): Promise<void>
}

/** What tests use of the module. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: { readonly intraOpNumThreads?: number }): Promise<OnnxSession>
  }
  readonly Tensor: new (type: string, data: Values, dims: Shape) => OnnxTensor
}

/**
 * The module; undefined, and a line on stdout, where it is not to be had.
 *
 * @param cache a folder that stays, as `cacheFolder()` of @gradpool/storage
 */
export async function onnxRuntime(cache: string): Promise<OnnxRuntime | undefined> {
  const folder = join(cache, 'test-packages', wanted)
  try {
    if (!existsSync(folder)) await install(folder)
    return createRequire(join(folder, 'index.js'))('onnxruntime-node') as OnnxRuntime
  } catch (error) {
    const [reason = ''] = String(error).split('\n')
    console.log(`SKIPPED: there is no ONNX Runtime here (${reason}): npm install --prefix '${folder}' ${wanted}`)
    return undefined
  }
}

/** An input or output: row-major values and their shape. */
export interface OnnxValue {
  readonly values: Values
  readonly shape: Shape
}

/** What a model makes of each of these inputs. */
export async function runOnnx(
  { InferenceSession, Tensor }: OnnxRuntime,
  model: Uint8Array,
  batches: readonly Readonly<Record<string, OnnxValue>>[],
): Promise<Readonly<Record<string, OnnxValue>>[]> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 })
  try {
    const results: Readonly<Record<string, OnnxValue>>[] = []
    for (const batch of batches) {
      const inputs = mapped(batch, ({ values, shape }) => new Tensor(typeOf(values), values, shape))
      results.push(mapped(await session.run(inputs), ({ data, dims }) => ({ values: data, shape: dims })))
    }
    return results
  } finally {
    await session.release()
  }
}

function typeOf(values: Values): string {
  if (values instanceof Float32Array) return 'float32'
  return values instanceof Int32Array ? 'int32' : 'uint8'
}

function mapped<From, To>(of: Readonly<Record<string, From>>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, map(value)]))
}

async function install(folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true })
  const draft = await mkdtemp(`${folder}-`)
  try {
    // Its scripts only fetch what GPUs need.
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--prefix', draft]
    await promisify(execFile)('npm', ['install', ...options, wanted], { timeout: 240_000 })
    await rename(draft, folder).catch((error: unknown) => {
      // Of another process, which was faster.
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}
