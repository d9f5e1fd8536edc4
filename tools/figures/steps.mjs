/**
 * What makes the figures of our pages, in order.
 *
 * name: for --only, and in messages. command: a program of Node's. writes: the files it writes. peers: installs what it
 * is measured beside, and throws where that is not to be had. fills: the places of pages that are made of these files.
 */
import { join } from 'node:path'
import { root } from '../environment.mjs'
import { platformsTable } from '../platforms/table.mjs'
import {
  codesTable,
  convolutionTable,
  firstStepsTable,
  hashingTable,
  networksTable,
  peersTable,
  predictionsTable,
  reportTable,
  scalingTable,
  tunedTable,
} from './tables.mjs'

/** Of tools/bench/peers, by the names of packages. */
const packages =
  (what, ...names) =>
  async () => {
    const { installPackages } = await import('../bench/peers/install.mjs')
    installPackages(what, names)
  }

async function makePlatforms() {
  const { execute } = await import('../python-environment.mjs')
  execute(process.execPath, [join(root, 'tools', 'platforms', 'run.mjs')])
}

export const steps = [
  {
    name: 'choose',
    command: ['tools/choose/run.mjs'],
    writes: ['tools/choose/results.json'],
    fills: [
      { page: 'tools/choose/README.md', name: 'tuned', text: tunedTable },
      { page: 'docs/hashing.md', name: 'codes', text: codesTable },
    ],
  },
  {
    name: 'report',
    command: ['tools/report/run.mjs'],
    writes: ['tools/report/results.json'],
    fills: [{ page: 'README.md', name: 'report', text: reportTable }],
  },
  {
    name: 'hashing',
    command: ['tools/hashing/run.mjs'],
    peers: async () => (await import('../hashing/linear-codes.mjs')).installNumpy(),
    writes: ['tools/hashing/results.json', 'docs/hashing.svg'],
    fills: [{ page: 'docs/hashing.md', name: 'hashing', text: hashingTable }],
  },
  {
    name: 'peers',
    command: ['tools/bench/peers/run.mjs'],
    peers: async () => (await import('../bench/peers/peers.mjs')).peers.forEach(({ install }) => install()),
    writes: ['tools/bench/peers/results.json', 'docs/benchmark.svg'],
    fills: [{ page: 'docs/performance.md', name: 'peers', text: peersTable }],
  },
  {
    name: 'networks',
    command: ['tools/bench/networks/run.mjs', '--compiled'],
    peers: async () => (await import('../bench/networks/peers.mjs')).competitors.forEach(({ install }) => install?.()),
    writes: ['tools/bench/networks/results.json'],
    fills: [
      { page: 'docs/performance.md', name: 'networks', text: networksTable },
      { page: 'docs/performance.md', name: 'first steps', text: firstStepsTable },
      { page: 'docs/performance.md', name: 'convolution', text: convolutionTable },
    ],
  },
  {
    name: 'scaling',
    command: ['tools/bench/scaling/run.mjs'],
    peers: packages('torch', 'torch', 'numpy'),
    writes: ['tools/bench/scaling/results.json', 'docs/scaling.svg'],
    fills: [
      { page: 'docs/scaling.md', name: 'scaling', text: scalingTable },
      { page: 'docs/scaling.md', name: 'predictions', text: predictionsTable },
    ],
  },
  {
    name: 'averaging',
    command: ['tools/bench/averaging/run.mjs'],
    writes: ['tools/bench/averaging/results.json', 'docs/averaging.svg'],
    fills: [],
  },
  {
    name: 'search',
    command: ['tools/bench/hashing/run.mjs'],
    peers: packages('faiss', 'faiss-cpu'),
    writes: ['tools/bench/hashing/results.json'],
    fills: [],
  },
  {
    name: 'platforms',
    command: ['tools/platforms/test.mjs', '--write'],
    peers: makePlatforms,
    writes: ['tools/platforms/results.json'],
    fills: [{ page: 'docs/platforms.md', name: 'platforms', text: platformsTable }],
  },
  // Prints its figures, and writes none.
  { name: 'checkpoints', command: ['tools/bench/checkpoints.mjs'], writes: [], fills: [] },
]
