import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as core from '../index.js'
import { traceProgram } from './trace.js'
import { placeOf } from './copies.js'

let folder: string
let other: typeof core

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradpool-copies-'))
  const outfile = join(folder, 'node_modules/@gradpool/core/dist/index.mjs')
  const entry = join(import.meta.dirname, '../index.ts')
  await build({ entryPoints: [entry], bundle: true, format: 'esm', platform: 'node', outfile, logLevel: 'silent' })
  other = (await import(pathToFileURL(outfile).href)) as typeof core
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('names both copies where an op of one is called in a model that another traces', () => {
  const trace = () =>
    traceProgram((its) => {
      const x = its.batch('x', 'f32', [2, 1])
      other.mul(x, 2)
    })
  expect(trace).toThrow(
    /^two copies of @gradpool\/core meet: this op is of (.*), and the model is traced by (.*); npm ls /,
  )
  expect(trace).toThrow(join(folder, 'node_modules/@gradpool/core'))
  expect(trace).toThrow(join(import.meta.dirname, '../..'))
})

it('says nothing of copies where no model is traced', () => {
  expect(() => other.mul(1, 2)).toThrow('tensors exist only while a model is traced')
  expect(() => core.mul(1, 2)).toThrow('tensors exist only while a model is traced')
})

it('tells a place without what is in it', () => {
  expect(placeOf('file:///a/dist/node_modules/@gradpool/core/dist/chunk.js')).toBe(
    '/a/dist/node_modules/@gradpool/core',
  )
  expect(placeOf(undefined)).toBe('a bundle')
})
