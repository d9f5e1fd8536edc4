/**
 * The platforms that have packages of native code, as npm, Zig and the formats of libraries name them. Which of them
 * were run, and how, is in docs/platforms.md.
 *
 * glibc 2.17 is that of 2012, which is older than Node's own.
 */
export const platforms = [
  linux('x64', 'gnu', 'x86_64-linux-gnu.2.17'),
  linux('x64', 'musl', 'x86_64-linux-musl'),
  linux('arm64', 'gnu', 'aarch64-linux-gnu.2.17'),
  linux('arm64', 'musl', 'aarch64-linux-musl'),
  { name: 'darwin-x64', os: 'darwin', cpu: 'x64', target: 'x86_64-macos.11.0', format: 'Mach-O' },
  { name: 'darwin-arm64', os: 'darwin', cpu: 'arm64', target: 'aarch64-macos.11.0', format: 'Mach-O' },
  { name: 'win32-x64', os: 'win32', cpu: 'x64', target: 'x86_64-windows-gnu', format: 'PE' },
  { name: 'win32-arm64', os: 'win32', cpu: 'arm64', target: 'aarch64-windows-gnu', format: 'PE' },
]

function linux(cpu, libc, target) {
  return { name: `linux-${cpu}-${libc}`, os: 'linux', cpu, libc, target, format: 'ELF' }
}

export const packageName = ({ name }) => `@gradpool/engine-cpu-${name}`

/**
 * The manifest of a platform's package.
 *
 * @param engine manifest of the engine
 * @param gradpool what its code is made from (sources.mjs)
 */
export function manifestOf(platform, engine, gradpool) {
  const { version, license, engines, repository } = engine
  const { os, cpu, libc } = platform
  return {
    name: packageName(platform),
    version,
    description: `Native code of @gradpool/engine-cpu for ${platform.name}`,
    license,
    engines,
    ...(repository && { repository }),
    os: [os],
    cpu: [cpu],
    // npm has the C library by the names of its own: glibc and musl.
    ...(libc && { libc: [libc === 'gnu' ? 'glibc' : 'musl'] }),
    files: ['*.node', 'checksums.json'],
    // Yarn would keep it in an archive, from which no system loads a library.
    preferUnplugged: true,
    publishConfig: { access: 'public' },
    gradpool,
  }
}
