/** Metrics as people read them. */

/** Three digits after the dot, with what stands before; nothing for what is no finite number. */
export function shown(before: string, value: unknown): string[] {
  return typeof value === 'number' && Number.isFinite(value) ? [before + value.toFixed(3)] : []
}
