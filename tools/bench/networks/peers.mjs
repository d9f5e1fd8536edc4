/**
 * Who is measured. `isInOrder`: takes the batches in the order of the data, so that its losses are known. `kinds`: of
 * the networks that it is measured on, where that is not all.
 */
import { fileURLToPath } from 'node:url'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { installPackages, requireCompiler } from '../peers/install.mjs'
import { nodeChild, pythonChild } from '../peers/peers.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const gradpool = (engine) => nodeChild(here('gradpool_peer.mjs'), engine)
const python = (script, ...args) => pythonChild(here(`python/${script}`), ...args)
const torch = () => installPackages('torch', ['torch', 'numpy'])
const jax = () => installPackages('jax', ['jax', 'jaxlib', 'numpy'])

export const competitors = [
  ...(nativeInstructionSets().length > 0 ? [{ id: 'native', name: 'Gradpool native', start: gradpool('native') }] : []),
  { id: 'wasm', name: 'Gradpool WebAssembly', start: gradpool('wasm') },
  {
    id: 'torch-eager',
    name: 'PyTorch eager',
    isInOrder: true,
    install: torch,
    start: python('networks_torch.py'),
  },
  {
    id: 'torch-compile',
    name: 'PyTorch, torch.compile',
    isInOrder: true,
    isSlowToCompile: true,
    install() {
      torch()
      requireCompiler()
    },
    start: python('networks_torch.py', '--compile'),
  },
  {
    id: 'jax',
    name: 'JAX, step by step',
    isInOrder: true,
    install: jax,
    start: python('networks_jax.py'),
  },
  {
    id: 'jax-scan',
    name: 'JAX, scan',
    isInOrder: true,
    // Convolutions in a scan take 7 to 50 times as long as step by step.
    kinds: ['gru', 'transformer'],
    install: jax,
    start: python('networks_jax.py', '--scan'),
  },
]

/** Who is measured on the convolution alone. */
export const convolutionCompetitors = [
  ...(nativeInstructionSets().length > 0
    ? [{ id: 'native', name: 'Gradpool native', start: nodeChild(here('convolution_peer.mjs'), 'native') }]
    : []),
  { id: 'wasm', name: 'Gradpool WebAssembly', start: nodeChild(here('convolution_peer.mjs'), 'wasm') },
  { id: 'torch-eager', name: 'PyTorch, channels last', install: torch, start: python('convolution_torch.py') },
].map((competitor) => ({ ...competitor, isInOrder: true }))
