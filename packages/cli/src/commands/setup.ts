/** `gradpool setup`: gets what is not part of an installation. */
import { setupNative } from '@gradpool/engine-cpu'
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { sentenceFor } from '../one-sentence.js'
import { addPackage, optionalPackages } from '../setup/optional-packages.js'

type Tell = (line: string) => void

/** What there is to get: each says in a line what is ready. */
const setups = {
  async tensorflow(tell: Tell): Promise<string> {
    await addPackage(optionalPackages.tensorflow, tell)
    const { setupTensorFlow } = await import('@gradpool/engine-tensorflow')
    const { version, origin } = await setupTensorFlow(tell)
    return `TensorFlow ${version} is ready, from ${origin}`
  },
  async mnist(tell: Tell): Promise<string> {
    await addPackage(optionalPackages.mnist, tell)
    return 'MNIST is ready'
  },
  async native(tell: Tell): Promise<string> {
    return `native code is ready: ${(await setupNative(tell)).join(', ')}`
  },
} as const

export type Setup = keyof typeof setups

/** @returns 1 where it is not to be had. */
export async function setupCommand(what: Setup, { stdout, stderr }: Io): Promise<number> {
  try {
    stdout.print(await setups[what]((line) => stderr.print(line)))
    return exitCode.done
  } catch (error) {
    const sentence = sentenceFor(error)
    if (sentence === undefined) throw error
    stderr.print(sentence)
    return exitCode.failed
  }
}
