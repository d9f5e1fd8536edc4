import { loadModel } from '@gradpool/trainer/predict'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BatchingPredictor, predictor } from '../batching/batching-predictor.js'
import { bytesOf } from '../testing/ask.js'
import { digitsModel } from '../testing/small-models.js'
import { requestHandler } from './request-handler.js'

let digits: BatchingPredictor
let handle: ReturnType<typeof requestHandler>
beforeAll(async () => {
  digits = predictor(await loadModel(digitsModel()))
  handle = requestHandler({ models: new Map([['digits', digits]]), base: '/api/v2', mostBodyBytes: 1000 })
})
afterAll(() => digits.dispose())

const url = 'http://any.where/api/v2/models/digits/infer'
const x = Float32Array.of(1, 2, 3, 4)

describe('a Request', () => {
  it('is answered by a Response, in JSON or bytes', async () => {
    const { probabilities } = await digits.predict({ x })
    const inputs = [{ name: 'x', shape: [1, 4], datatype: 'FP32', data: Array.from(x) }]
    const answer = await handle(new Request(url, { method: 'POST', body: JSON.stringify({ inputs }) }))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(await answer.json()).toMatchObject({ outputs: [{ data: Array.from(probabilities ?? []) }, {}] })

    const headers = { 'Inference-Header-Content-Length': '0' }
    const binary = await handle(new Request(url, { method: 'POST', headers, body: bytesOf(x) }))
    const length = Number(binary.headers.get('inference-header-content-length'))
    const bytes = await binary.arrayBuffer()
    expect(new Float32Array(bytes.slice(length, length + 12))).toEqual(probabilities)
  })

  it('of a stream is read as far as is allowed', async () => {
    let pulled = 0
    const body = new ReadableStream({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(300))
      },
    })
    const answer = await handle(new Request(url, { method: 'POST', body, duplex: 'half' }))
    expect(answer.status).toBe(413)
    expect(await answer.json()).toEqual({ error: 'a body has at most 1000 bytes' })
    expect(pulled).toBeLessThan(8)
    const small = new ReadableStream({
      start(controller) {
        controller.enqueue(bytesOf(x).slice(0, 5))
        controller.enqueue(bytesOf(x).slice(5))
        controller.close()
      },
    })
    const headers = { 'Inference-Header-Content-Length': '0' }
    expect((await handle(new Request(url, { method: 'POST', headers, body: small, duplex: 'half' }))).status).toBe(200)
  })

  it('is refused where it is for something else, or cannot be read', async () => {
    expect((await handle(new Request('http://any.where/v2/models'))).status).toBe(404)
    expect((await handle(new Request('http://any.where/api/v2x'))).status).toBe(404)
    expect((await handle(new Request('http://any.where/api/v2/models/%FF'))).status).toBe(400)
    const broken = new ReadableStream({ pull: () => Promise.reject(new Error('gone')) })
    expect((await handle(new Request(url, { method: 'POST', body: broken, duplex: 'half' }))).status).toBe(400)
    expect(await (await handle(new Request('http://any.where/api/v2'))).json()).toMatchObject({ name: 'gradpool' })
  })
})
