/**
 * The instruction sets that the kernels are compiled for, best first, by `process.arch`, and the
 * flags that choose them.
 *
 * VLEN is the number of floats in a register; results do not depend on it. Those with fused
 * multiply-add are compiled a second time with leave to use it, as `<name>-fast`, whose results do.
 */
const FAST = ['-ffp-contract=fast']

const portable = { name: 'portable', flags: ['-DVLEN=4'] }
const neon = { name: 'neon', flags: ['-DVLEN=4'], fused: [] }
const avx2 = { name: 'avx2', flags: ['-mavx2', '-DVLEN=8'], fused: ['-mfma'] }
const avx512 = {
  name: 'avx512',
  flags: ['-mavx512f', '-mavx512vl', '-mavx512bw', '-mavx512dq', '-DVLEN=16'],
  fused: ['-mfma'],
}

const byArchitecture = {
  x64: [avx512, avx2, { name: 'sse4.2', flags: ['-msse4.2', '-DVLEN=4'] }, portable],
  arm64: [neon, portable],
}

export const instructionSets = (byArchitecture[process.arch] ?? [portable]).flatMap(({ name, flags, fused }) => [
  { name, flags },
  ...(fused ? [{ name: `${name}-fast`, flags: [...flags, ...fused, ...FAST] }] : []),
])
