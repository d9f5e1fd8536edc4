/**
 * The instruction sets that the kernels are compiled for, best first, by `process.arch`, and the
 * flags that choose them.
 *
 * VLEN is the number of floats in a register; results do not depend on it. Those without an
 * instruction for a fused multiply-add compute the same bits in a longer way
 * (`kernels/multiply_add.h`). `features` are the same for Zig, which takes them with its `-mcpu`.
 */
const portable = { name: 'portable', width: 4, flags: [], features: '' }
const neon = { name: 'neon', width: 4, flags: [], features: '' }
const sse42 = { name: 'sse4.2', width: 4, flags: ['-msse4.2'], features: '+sse4_2' }
const avx2 = { name: 'avx2', width: 8, flags: ['-mavx2', '-mfma'], features: '+avx2+fma' }
const avx512 = {
  name: 'avx512',
  width: 16,
  flags: ['-mavx512f', '-mavx512vl', '-mavx512bw', '-mavx512dq'],
  features: '+avx512f+avx512vl+avx512bw+avx512dq',
}

const byArchitecture = {
  x64: [avx512, avx2, sse42, portable],
  arm64: [neon, portable],
}

export function instructionSetsOf(arch) {
  return byArchitecture[arch] ?? [portable]
}
