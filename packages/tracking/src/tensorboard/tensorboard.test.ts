import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { crc32c } from '@aws-crypto/crc32c'
import { expect, test } from 'vitest'
import { smallLog } from '../testing/small-log.js'
import { tensorBoard } from './tensorboard.js'
import { EventSchema, GraphDefSchema, HParamsPluginDataSchema, type Event } from './tensorboard_pb.js'

const root = join(import.meta.dirname, '../../../..')
/** Also read by tools/oracles/tensorboard_read.py. */
const folder = join(root, 'packages/tracking/test-output/events')

interface Told {
  readonly plugin: string
  readonly steps: readonly number[]
  readonly values?: readonly (number | null)[]
  readonly counts?: readonly (readonly number[])[]
  readonly limits?: readonly (readonly number[])[]
  readonly sizes?: readonly (readonly number[])[]
  readonly texts?: readonly string[]
  readonly hparams?: Readonly<Record<string, unknown>>
  readonly status?: number
}

interface Oracle {
  readonly tags: Readonly<Record<string, Told>>
  readonly graph: Readonly<Record<string, { readonly op: string; readonly inputs: readonly string[] }>>
}

const oracle = JSON.parse(readFileSync(join(root, 'tools/oracles/tensorboard_read.json'), 'utf8')) as Readonly<
  Record<string, Oracle>
>

async function written(training: string): Promise<Event[]> {
  const sink = tensorBoard(folder)
  for (const event of smallLog(training)) await sink.write(event)
  await sink.flush?.()
  const [file = ''] = readdirSync(join(folder, training))
  return eventsIn(readFileSync(join(folder, training, file)))
}

function eventsIn(bytes: Buffer): Event[] {
  const events: Event[] = []
  for (let at = 0; at < bytes.length;) {
    const size = Number(bytes.readBigUInt64LE(at))
    expect(bytes.readUInt32LE(at + 8)).toBe(masked(bytes.subarray(at, at + 8)))
    const data = bytes.subarray(at + 12, at + 12 + size)
    expect(bytes.readUInt32LE(at + 12 + size)).toBe(masked(data))
    events.push(fromBinary(EventSchema, data))
    at += 12 + size + 4
  }
  return events
}

function masked(data: Uint8Array): number {
  const crc = BigInt(crc32c(data))
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn)
}

test('TensorBoard reads what is written, every checksum right', async () => {
  rmSync(folder, { recursive: true, force: true })
  const events = await written('digits/classify')
  expect(events[0]?.what).toEqual({ case: 'fileVersion', value: 'brain.Event:2' })
  expect(events[0]?.wallTime).toBe(1_750_000_000)
  const read = oracle['digits/classify']
  const tags = new Set<string>()
  for (const { step, what } of events) {
    if (what.case === 'graphDef') expect(graphIn(what.value)).toEqual(read?.graph)
    if (what.case !== 'summary') continue
    for (const { tag, value, metadata } of what.value.value) {
      tags.add(tag)
      const told = read?.tags[tag]
      const at = told?.steps.indexOf(Number(step)) ?? -1
      expect(at, tag).toBeGreaterThanOrEqual(0)
      if (told?.plugin === 'hparams') {
        const { data } = fromBinary(HParamsPluginDataSchema, metadata?.pluginData?.content ?? new Uint8Array())
        if (data.case === 'sessionStartInfo') {
          const params = Object.entries(data.value.hparams).map(([name, { kind }]) => [name, kind.value])
          expect(Object.fromEntries(params)).toEqual(told.hparams)
        } else expect(data.value?.status).toBe(told.status)
      } else if (value.case === 'simpleValue') {
        const finite = Number.isFinite(value.value) ? value.value : null
        expect(finite, tag).toEqual(told?.values?.[at])
      } else if (value.case === 'image') {
        expect([value.value.width, value.value.height]).toEqual(told?.sizes?.[at])
      } else if (value.case === 'histo') {
        expect(told?.counts?.[at]?.reduce((sum, count) => sum + count, 0)).toBe(value.value.num)
        expect([value.value.min, value.value.max]).toEqual(told?.limits?.[at])
      } else if (value.case === 'tensor') {
        expect(Buffer.from(value.value.stringVal[0] ?? []).toString()).toBe(told?.texts?.[at])
      }
    }
  }
  expect([...tags].sort()).toEqual(Object.keys(read?.tags ?? {}).sort())
})

function graphIn(bytes: Uint8Array) {
  const { node } = fromBinary(GraphDefSchema, bytes)
  return Object.fromEntries(node.map(({ name, op, input }) => [name, { op, inputs: input }]))
}

test('names lead nowhere else', async () => {
  rmSync(join(folder, '../names'), { recursive: true, force: true })
  const sink = tensorBoard(join(folder, '../names'))
  for (const training of ['../../escape', '/etc/x', 'a/../../b', '..', '<img src=x>/\0']) {
    for (const event of smallLog(training)) await sink.write(event)
  }
  await sink.flush?.()
  const files = readdirSync(join(folder, '../names'), { recursive: true, encoding: 'utf8' })
  expect(files.filter((file) => file.includes('tfevents'))).toHaveLength(5)
})
