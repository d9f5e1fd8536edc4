/**
 * Cuts `extent` into parts as even as can be, the longer ones first: their first index and length.
 */
export function segmentsOf(extent: number, count: number): { start: number; length: number }[] {
  const [least, longer] = [Math.floor(extent / count), extent % count]
  return Array.from({ length: count }, (_, i) => ({
    start: i * least + Math.min(i, longer),
    length: least + (i < longer ? 1 : 0),
  }))
}
