/**
 * Stryker's runner for Vitest, but for four things:
 *
 * - A mutant with which a test file cannot even be loaded is noticed. No test of such a file runs, so none fails, and
 *   Stryker by itself would say that the mutant survived.
 * - A mutant of what runs while a module is loaded is there before it is. Stryker brings it in afterwards where its
 *   `testFiles` are given, and it would survive.
 * - The test files of a mutant share a worker, so that each source is loaded once. The next mutant has another.
 * - A test that is slow because the machine has other work has not noticed a mutant.
 */
import { strykerPlugins as plugins, strykerValidationSchema } from '@stryker-mutator/vitest-runner'

const [ofVitest] = plugins
const TEST_TIMEOUT_MS = 60_000

function factory(injector) {
  const runner = ofVitest.factory(injector)
  const init = runner.init.bind(runner)
  runner.init = async () => {
    await init()
    const settings = { isolate: false, testTimeout: TEST_TIMEOUT_MS }
    for (const { config } of runner.ctx.projects) Object.assign(config, settings)
  }
  const mutantRun = runner.mutantRun.bind(runner)
  runner.mutantRun = async (options) => {
    const result = await mutantRun(options.reloadEnvironment ? { ...options, mutantActivation: 'static' } : options)
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
