/**
 * The instruction sets that the kernels are compiled for, best first, by `process.arch`, and the flags that choose them.
 *
 * VLEN is the number of floats in a register; results do not depend on it.
 */
const portable = { name: 'portable', flags: ['-DVLEN=4'] }

const byArchitecture = {
  x64: [
    { name: 'avx512', flags: ['-mavx512f', '-mavx512vl', '-mavx512bw', '-mavx512dq', '-DVLEN=16'] },
    { name: 'avx2', flags: ['-mavx2', '-DVLEN=8'] },
    { name: 'sse4.2', flags: ['-msse4.2', '-DVLEN=4'] },
    portable,
  ],
  arm64: [{ name: 'neon', flags: ['-DVLEN=4'] }, portable],
}

export const instructionSets = byArchitecture[process.arch] ?? [portable]
