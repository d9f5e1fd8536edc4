/* eslint-disable @nx/enforce-module-boundaries -- the README's example, as a user writes it */
import { decodeSafetensors, encodeSafetensors, weightsHash, writeDurably } from '@gradpool/storage'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const path = join(await mkdtemp(join(tmpdir(), 'weights-')), 'weights.safetensors')
const weight = Float32Array.of(1, 2, 3, 4, 5, 6)
const tensors = new Map([['hidden.weight', { shape: [2, 3], values: weight }]])
await writeDurably(path, encodeSafetensors({ tensors, metadata: { of: 'an example' } })) // whole or not at all

const read = decodeSafetensors(await readFile(path), path) // checks every byte count
const { values = weight } = read.tensors.get('hidden.weight') ?? {}
console.log(weightsHash({ 'hidden.weight': values })) // the name of these bits, 64 hexadecimal digits
