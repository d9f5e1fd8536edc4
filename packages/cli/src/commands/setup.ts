/** `gradpool setup`: gets what is not part of an installation. */
import { exitCode } from '../exit-code.js'
import { type Io } from '../io.js'
import { sentenceFor } from '../one-sentence.js'

/** @returns 1 where it is not to be had. */
export async function setupCommand({ stdout, stderr }: Io): Promise<number> {
  const { setupTensorFlow } = await import('@gradpool/engine-tensorflow')
  try {
    const { version, origin } = await setupTensorFlow((line) => stderr.print(line))
    stdout.print(`TensorFlow ${version} is ready, from ${origin}`)
    return exitCode.done
  } catch (error) {
    const sentence = sentenceFor(error)
    if (sentence === undefined) throw error
    stderr.print(sentence)
    return exitCode.failed
  }
}
