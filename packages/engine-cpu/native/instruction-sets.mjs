/**
 * The instruction sets that the kernels are compiled for, best first, by `process.arch`, and the
 * flags that choose them.
 *
 * VLEN is the number of floats in a register; results do not depend on it. Those without an
 * instruction for a fused multiply-add compute the same bits in a longer way
 * (`kernels/multiply_add.h`).
 */
const portable = { name: 'portable', flags: ['-DVLEN=4'] }
const neon = { name: 'neon', flags: ['-DVLEN=4'] }
const sse42 = { name: 'sse4.2', flags: ['-msse4.2', '-DVLEN=4'] }
const avx2 = { name: 'avx2', flags: ['-mavx2', '-mfma', '-DVLEN=8'] }
const avx512 = {
  name: 'avx512',
  flags: ['-mavx512f', '-mavx512vl', '-mavx512bw', '-mavx512dq', '-DVLEN=16'],
}

const byArchitecture = {
  x64: [avx512, avx2, sse42, portable],
  arm64: [neon, portable],
}

export const instructionSets = byArchitecture[process.arch] ?? [portable]
