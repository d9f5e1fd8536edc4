/** A server of one test, stopped with it; the test is skipped, with a word, where it is not to be had. */
import { onTestFinished, type TestContext } from 'vitest'
import { NotToBeHad } from '../servers/fetched.js'

export async function orSkip<T>({ skip }: Pick<TestContext, 'skip'>, starting: Promise<T>): Promise<T> {
  try {
    return await starting
  } catch (error) {
    if (!(error instanceof NotToBeHad)) throw error
    console.log(error.message)
    return skip(error.message)
  }
}

export async function serverOf<T extends { readonly stop: () => Promise<void> }>(
  context: Pick<TestContext, 'skip'>,
  starting: Promise<T>,
): Promise<T> {
  const server = await orSkip(context, starting)
  onTestFinished(server.stop)
  return server
}
