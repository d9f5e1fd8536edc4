/**
 * Stryker's runner for Vitest, but for one thing: a mutant with which a test file cannot even be loaded is noticed. No
 * test of such a file runs, so none fails, and Stryker by itself would say that the mutant survived.
 */
import { strykerPlugins as plugins, strykerValidationSchema } from '@stryker-mutator/vitest-runner'

const [ofVitest] = plugins

function factory(injector) {
  const runner = ofVitest.factory(injector)
  const mutantRun = runner.mutantRun.bind(runner)
  runner.mutantRun = async (options) => {
    const result = await mutantRun(options)
    const broken = runner.ctx.state.getFiles().find((file) => file.result?.state === 'fail')
    if (result.status !== 'survived' || broken === undefined) return result
    const failureMessage = `${broken.name}: ${broken.result.errors?.[0]?.message ?? 'it cannot be loaded'}`
    return { status: 'killed', failureMessage, killedBy: options.testFilter ?? [], nrOfTests: result.nrOfTests }
  }
  return runner
}
factory.inject = ofVitest.factory.inject

export const strykerPlugins = [{ ...ofVitest, factory }]
export { strykerValidationSchema }
