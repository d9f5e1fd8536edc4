import { datasetLoader } from '@gradpool/datasets'
import { nativeEngine } from '@gradpool/engine-cpu'
import { findExperiments, planExperiment, withOverrides } from '@gradpool/experiments'
import { enginePool, Training, ThreadBudget } from '@gradpool/trainer'
import { runExperiments } from '@gradpool/orchestrator'
import { mkdtempSync, rmSync, readFileSync } from 'node:fs'
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }
const mainCpu = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`,'utf8').split(' ')[0]) / 1e6
const engine = await nativeEngine()
const load = datasetLoader({ allocate: engine.allocate })
const config = withOverrides(findExperiments(['mnist_mlp_1p'])[0], ['train.epochs=1'])
const dataset = await load(config.data)
const N = Number(process.argv[2] ?? 1000)
const time = async (what, n, work) => { const c = cpu(), m = mainCpu(), t = performance.now(); const r = await work(); console.log(what.padEnd(28), ((cpu()-c)/n).toFixed(3), 'ms CPU each, main thread', ((mainCpu()-m)/n).toFixed(3), ((performance.now()-t)/n).toFixed(3), 'wall'); return r }
const plans = await time('plan', N, () => Array.from({length:N},(_,i)=>planExperiment(config,{dataset,seed:i})))
const pool = enginePool(engine, 1, console.log)
const training = new Training({ plan: plans[0].stages[0], engine, pool, workers: 1, state: undefined, budget: new ThreadBudget(1), checkpointSeconds: 100, stallSeconds: 100, save: async () => {}, onEpoch(){}, onThreads(){}, onWarning: console.log })
const outcome = await training.run()
await pool.close()
const trainer = { limit: 1000, start: (stage) => ({ async run() { stage.onStarted(0); stage.onEpoch(outcome.epochs[0], 1); return outcome }, stop(){}, progress(){} }), async close(){} }
const directory = mkdtempSync(process.argv[3] ?? '/tmp/qm/run-')
await time('submit', N, async () => { const run = await runExperiments(plans, { engine: { name: 'x', description: 'y', numerics: engine.numerics }, trainer, directory, fresh: process.argv[4] === 'fresh' }); const result = await run.result; if (result.experiments.some(({status})=>status!=='done')) console.log(result.experiments[0]) })
rmSync(directory, { recursive: true })
await engine.dispose()
