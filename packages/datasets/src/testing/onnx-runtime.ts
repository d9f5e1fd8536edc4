/** ONNX Runtime, which is no dependency for its size: installed once, into the cache. */
import { cacheFolder } from '@gradpool/storage'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'

const wanted = 'onnxruntime-node@1.30.0'

/** The module; undefined, and a line on stdout, where it is not to be had. */
export async function onnxRuntime(): Promise<object | undefined> {
  const folder = join(cacheFolder(), 'test-packages', wanted)
  try {
    if (!existsSync(folder)) await install(folder)
    return createRequire(join(folder, 'index.js'))('onnxruntime-node') as object
  } catch (error) {
    const [reason = ''] = String(error).split('\n')
    console.log(`SKIPPED: there is no ONNX Runtime here (${reason}): npm install --prefix '${folder}' ${wanted}`)
    return undefined
  }
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
