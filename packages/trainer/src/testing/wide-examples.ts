/** Examples of 784 numbers and one of ten classes, as plain fields. */
export function wideExamples(count: number) {
  let state = 1
  const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  const label = Uint8Array.from({ length: count }, () => Math.floor(10 * next()))
  const image = Float32Array.from({ length: 784 * count }, (_, i) => {
    const pixel = i % 784
    const isOfClass = Math.floor(pixel / 78) === label[Math.floor(i / 784)]
    return next() < 0.2 ? next() : isOfClass ? 0.3 * next() : 0
  })
  return { image: { values: image, shape: [784] }, label: { values: label, shape: [] } }
}
