/// <reference lib="dom" />
/** What a page of the tests does. Its bundle lies beside the files that it loads. */
import './without-relaxed-simd.js'
import { csv, fit, idxFolder, loadModel, locateFiles, mlp, mnist } from 'gradpool'
import { others, train, type Trained } from './training.js'

const files = [
  'gradpool-worker.js',
  'kernels.wasm',
  'kernels-emulated.wasm',
  'kernels-unshared.wasm',
  'kernels-emulated-unshared.wasm',
] as const
locateFiles(Object.fromEntries(files.map((file) => [file, new URL(file, import.meta.url)])))

const refused = {
  files: () => fit(mlp({ hidden: [4] }), { data: csv('rows.csv', { target: 'y' }) }),
  folder: () => fit(mlp({ hidden: [4] }), { data: idxFolder({ directory: 'images', classes: 10 }) }),
  mnist: () => fit(mlp({ hidden: [4] }), { data: mnist() }),
  model: () => loadModel('digits.gradpool'),
  tensorflow: () => fit(mlp({ hidden: [4] }), { data: mnist(), engine: 'tensorflow' }),
  native: () => fit(mlp({ hidden: [4] }), { data: mnist(), engine: 'native' }),
}

let [numWorkers, mostWorkers] = [0, 0]
globalThis.Worker = class extends Worker {
  constructor(...given: ConstructorParameters<typeof Worker>) {
    super(...given)
    mostWorkers = Math.max(mostWorkers, ++numWorkers)
  }
  override terminate(): void {
    numWorkers--
    super.terminate()
  }
}

export interface Page {
  /** The most Web Workers that were there at once since the last time it was asked. */
  readonly mostWorkers: () => number
  readonly train: typeof train
  readonly others: typeof others
  /** The names and messages of what cannot be in a browser. */
  readonly refusals: () => Promise<Readonly<Record<string, string>>>
}

export type { Trained }

const page: Page = {
  mostWorkers() {
    const most = mostWorkers
    mostWorkers = numWorkers
    return most
  },
  train,
  others,
  async refusals() {
    const told: Record<string, string> = {}
    for (const [name, attempt] of Object.entries(refused)) {
      told[name] = await attempt().then(
        () => 'done',
        (error: unknown) => String(error),
      )
    }
    return told
  },
}
Object.assign(globalThis, { page })
