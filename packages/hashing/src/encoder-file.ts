/**
 * An encoder as bytes, for an index to carry: its weights as safetensors; its name, its program and what belongs to it as
 * their metadata.
 */
import { Program, UserError } from '@gradpool/core'
import { decodeSafetensors, encodeSafetensors } from '@gradpool/storage'
import { makeEncoder, type Encoder } from './encoder.js'

export interface StoredEncoder {
  readonly encoder: Encoder
  /** A text of the caller's own, such as what it encoded. */
  readonly about: string
}

const FORMAT = 'gradpool-encoder 1'

export function encoderToBytes({ encoder, about }: StoredEncoder): Uint8Array {
  const { model, program, state } = encoder
  const shapes = new Map(program.inputs.map(({ name, node }) => [name, program.node(node).shape]))
  const tensors = Object.entries(state).map(([name, values]) => {
    return [name, { shape: shapes.get(name) ?? [values.length], values }] as const
  })
  const metadata = { format: FORMAT, name: model.name, program: JSON.stringify(program), about }
  return encodeSafetensors({ tensors: new Map(tensors), metadata })
}

/**
 * @param where What they are called in messages.
 * @throws UserError with one sentence for bytes that are no encoder; nothing in them is evaluated
 */
export function encoderFromBytes(bytes: Uint8Array, where: string): StoredEncoder {
  const { tensors, metadata } = decodeSafetensors(bytes, where)
  const { format, name, program: text, about } = metadata
  if (format !== FORMAT || name === undefined || text === undefined || about === undefined) {
    throw new UserError(`${where} is not an encoder that this Gradpool reads`)
  }
  const program = Program.fromJSON(parsed(text, where))
  const state = Object.fromEntries([...tensors].map(([key, { values }]) => [key, values]))
  return { encoder: makeEncoder(name, program, state), about }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError(`${where} has a program that is no JSON`, { cause: error })
  }
}
