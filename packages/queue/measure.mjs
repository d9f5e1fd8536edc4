import { datasetLoader } from '@gradpool/datasets'
import { nativeEngine } from '@gradpool/engine-cpu'
import { findExperiments, planExperiment, withOverrides } from '@gradpool/experiments'
import { enginePool } from '@gradpool/trainer'
import { sha256 } from '@gradpool/storage'
import { StageJobRunner, StoreDocuments } from '@gradpool/queue'
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000 }
const engine = await nativeEngine()
const load = datasetLoader({ allocate: engine.allocate })
const config = withOverrides(findExperiments(['mnist_mlp_1p'])[0], ['train.epochs=1'])
const dataset = await load(config.data)
const N = Number(process.argv[2] ?? 200)
class Store { address='m'; blobs=new Map(); names=new Map()
  async put(b){const h=sha256(b); if(!this.blobs.has(h)) this.blobs.set(h,b.slice()); return h}
  async get(h){return this.blobs.get(h)}
  async has(h){return this.blobs.has(h)} async delete(h){this.blobs.delete(h)}
  async readName(n){return this.names.get(n)} async writeName(n,b){this.names.set(n,b)} async deleteName(n){this.names.delete(n)} async close(){} }
const store = new Store()
const documents = new StoreDocuments(store, engine.numerics)
import { readFileSync } from 'node:fs'
const mainCpu = () => { const [u, v] = readFileSync(`/proc/self/task/${process.pid}/schedstat`,'utf8').split(' ').map(Number); return u/1e6 }
const time = async (what, n, work) => { const c = cpu(), m = mainCpu(), t = performance.now(); const r = await work(); console.log(what.padEnd(28), ((cpu()-c)/n).toFixed(3), 'ms CPU each, main thread', ((mainCpu()-m)/n).toFixed(3), ((performance.now()-t)/n).toFixed(3), 'wall'); return r }
const mk = (from, n) => Array.from({length:n},(_,i)=>planExperiment(config,{dataset,seed:from+i}).stages[0])
mk(1e6, 20)
const plans = await time('plan', N, () => mk(0, N))
const jobs = await time('encodePlan', N, async () => { const out=[]; for (const plan of plans) out.push({ format:1, stage: plan.hash, numerics: engine.numerics, plan: JSON.parse(JSON.stringify(await documents.encodePlan(plan))), state:null, title:{name:'c',seed:plan.seed,experiments:['x']}, checkpointSeconds:10, stallSeconds:100, store:null }); return out })
console.log('plan bytes', JSON.stringify(jobs[0]).length, 'inline' in jobs[0].plan)
const workers = 2
const pool = enginePool(engine, workers, console.log)
const runner = new StageJobRunner({ engine, pool, workers, storeOf: () => store })
const hooks = { onStarted(){}, onEpoch(){}, onThreads(){}, onWarning: console.log }
for (const job of jobs.slice(0, 20)) await runner.run({...job}, hooks).end
const some = jobs.slice(20)
const ends = await time('run', some.length, async () => { const out = []; let at = 0; await Promise.all(Array.from({length: workers}, async () => { while (at < some.length) { const i = at++; out[i] = await runner.run(some[i], hooks).end } })); return out })
await time('decodeOutcome', some.length, async () => { for (let i=0;i<some.length;i++) await documents.decodeOutcome(ends[i].outcome, plans[20+i]) })
await runner.close(); await engine.dispose()
