/**
 * Gets TensorFlow for tfjs-node, which is installed, if it is not there: with tfjs-node's own installer, else from the
 * Python package, with the binding compiled for its library. It may be repeated, interrupted, and run twice at once.
 */
import { UserError } from '@gradpool/core'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bindingOrigin, findTfjsNode, tfjsNode, workingVersion } from './binding.js'
import { run } from './run.js'
import { buildFromWheel, placeCachedBinding, type Tell } from './wheel.js'

export interface TensorFlowFound {
  readonly version: string
  /** Where it came from, in words. */
  readonly origin: string
}

/** How long tfjs-node's download address may take to answer, and its installer to install. */
const ANSWER_MS = 5_000
const INSTALLER_MS = 240_000

/** The TensorFlow that is installed. Downloads nothing. */
export async function findTensorFlow(): Promise<TensorFlowFound | undefined> {
  if (findTfjsNode() === undefined) return undefined
  let version = await workingVersion()
  if (version === undefined && placeCachedBinding()) version = await workingVersion()
  return version === undefined ? undefined : { version, origin: bindingOrigin() }
}

/**
 * The package tfjs-node has to be installed.
 *
 * @param tell called with a line whenever something starts that takes a while
 * @throws UserError that says what is missing
 */
export async function setupTensorFlow(tell: Tell): Promise<TensorFlowFound> {
  const there = await findTensorFlow()
  if (there !== undefined) return there
  const own = await ownInstaller(tell)
  const installed = own === undefined ? await findTensorFlow() : undefined
  if (installed !== undefined) return installed
  try {
    await buildFromWheel(tell)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const reason = own ?? 'what it installed does not work'
    throw new UserError(
      `TensorFlow is not to be had here: of tfjs-node's own installer, ${reason}; from its Python package, ${error.message}`,
      { cause: error },
    )
  }
  const built = await findTensorFlow()
  if (built === undefined) {
    throw new UserError('TensorFlow is there but does not work: tfjs-node cannot load it')
  }
  return built
}

/** @returns why it could not install; undefined if it reports success */
async function ownInstaller(tell: Tell): Promise<string | undefined> {
  const { folder } = tfjsNode()
  const theirs = createRequire(join(folder, 'package.json'))
  const { LIBTENSORFLOW_VERSION } = theirs(join(folder, 'scripts', 'deps-constants.js')) as {
    readonly LIBTENSORFLOW_VERSION: string
  }
  const host = process.env.TFJS_NODE_CDN_STORAGE ?? 'https://storage.googleapis.com/'
  const answers = await isThere(
    `${host}tensorflow/libtensorflow/libtensorflow-cpu-linux-x86_64-${LIBTENSORFLOW_VERSION}.tar.gz`,
  )
  if (!answers) return 'its download address does not answer'
  tell("Running tfjs-node's installer …")
  const installer = join('scripts', 'install.js')
  const { ok, reason } = await run(process.execPath, [installer], {
    cwd: folder,
    path: [join(dirname(theirs.resolve('@mapbox/node-pre-gyp/package.json')), 'bin')],
    timeoutMs: INSTALLER_MS,
  })
  return ok ? undefined : reason
}

async function isThere(address: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS)
    return (await fetch(address, { method: 'HEAD', signal })).ok
  } catch {
    return false
  }
}
