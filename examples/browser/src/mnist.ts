/** MNIST, from the file that `prepare.mjs` makes. */
import type { Mnist } from './trainings.js'

const counts = { train: 60_000, test: 10_000 }
const imageBytes = 28 * 28

export async function loadMnist(): Promise<Mnist> {
  const response = await fetch('mnist.bin')
  if (!response.ok) throw new Error(`MNIST cannot be loaded: the server answers ${response.status}`)
  const all = await unzipped(new Uint8Array(await response.arrayBuffer()))
  if (all.length !== (counts.train + counts.test) * (imageBytes + 1)) {
    throw new Error('MNIST cannot be loaded: its file is not whole')
  }
  let end = 0
  const take = (count: number) => all.subarray(end, (end += count))
  const images = (count: number) => ({ images: take(count * imageBytes), labels: take(count) })
  return { train: images(counts.train), test: images(counts.test) }
}

/** Some hosts say that it is compressed, and then it was unzipped on its way. */
async function unzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
