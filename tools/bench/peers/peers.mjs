/**
 * The competitors: how each is installed and started, and what its figure stands for.
 *
 * Threads are pinned to one in every library's own way; the measurement shows the cores used, so that this can be seen.
 */
import { fileURLToPath } from 'node:url'
import { nativeInstructionSets } from '@gradpool/engine-cpu'
import { installPackages, pythonPath, requireCompiler, setUpTensorFlow } from './install.mjs'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const oneThread = {
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  OPENBLAS_NUM_THREADS: '1',
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '1',
  XLA_FLAGS: '--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1',
  // XLA has a second pool of threads, which the flags above do not reach; with one thread it is also faster.
  PJRT_NPROC: '1',
  JAX_PLATFORMS: 'cpu',
  CUDA_VISIBLE_DEVICES: '',
  TF_CPP_MIN_LOG_LEVEL: '3',
  // A compilation is part of the time to the first step, each time.
  TORCHINDUCTOR_FORCE_DISABLE_CACHES: '1',
}

/** How a script of Node is started, by its path. */
export const nodeChild = (...args) => ({ command: process.execPath, args, env: oneThread })

/** How a script of Python is started, which can import what lies in `python`. */
export const pythonChild = (...args) => ({
  command: pythonPath,
  args,
  env: { ...oneThread, PYTHONPATH: here('python') },
})

const node = (script, ...args) => nodeChild(here(script), ...args)
const python = (script, ...args) => pythonChild(here(script), ...args)

/** Always measured: the others' times are in terms of the first. */
export const gradpool = [
  ...(nativeInstructionSets().length > 0
    ? [{ id: 'native', name: 'Gradpool native', start: node('node/gradpool.mjs', 'native') }]
    : []),
  { id: 'wasm', name: 'Gradpool WebAssembly', start: node('node/gradpool.mjs', 'wasm') },
]

const torch = () => installPackages('torch', ['torch', 'numpy'])

export const peers = [
  {
    id: 'jax',
    name: 'JAX, jit + scan',
    install: () => installPackages('jax', ['jax', 'jaxlib', 'numpy']),
    start: python('python/jax_peer.py'),
  },
  {
    id: 'torch-compile',
    name: 'PyTorch, torch.compile',
    install: () => {
      torch()
      requireCompiler()
    },
    start: python('python/torch_peer.py', '--compile'),
  },
  {
    id: 'torch-eager',
    name: 'PyTorch eager',
    install: torch,
    start: python('python/torch_peer.py'),
  },
  {
    id: 'keras',
    name: 'Keras fit (TensorFlow)',
    install: () => installPackages('keras', ['tensorflow-cpu', 'keras', 'numpy']),
    start: python('python/keras_peer.py'),
  },
  {
    id: 'sklearn',
    name: 'scikit-learn MLP',
    install: () => installPackages('sklearn', ['scikit-learn', 'numpy']),
    start: python('python/sklearn_peer.py'),
  },
  {
    id: 'tensorflow-graph',
    name: 'TensorFlow, tf.function',
    install: () => installPackages('keras', ['tensorflow-cpu', 'keras', 'numpy']),
    start: python('python/tensorflow_peer.py'),
  },
  {
    id: 'tensorflow',
    name: 'Gradpool tensorflow',
    install: setUpTensorFlow,
    start: node('node/gradpool.mjs', 'tensorflow'),
  },
  {
    id: 'tfjs-node',
    name: 'tfjs-node eager',
    install: setUpTensorFlow,
    start: node('node/tfjs-node.mjs'),
  },
  {
    id: 'tfjs-wasm',
    name: 'tfjs-backend-wasm eager',
    install: () => {},
    start: node('node/tfjs-wasm.mjs'),
  },
]
