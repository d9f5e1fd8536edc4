/**
 * Releases all packages under one new version: builds them, sets the version everywhere by `nx release`, commits and
 * tags it, and publishes. CHANGELOG.md is kept by hand, and must have a section of the version.
 *
 *   npm run release -- 0.3.0 --dry-run     changes nothing, and packs what would be published
 *   npm run release -- 0.3.0               commit and tag; then publish with --publish, as CI does on the tag
 *   npm run release -- 0.3.0 --publish     publishes what the tag has; NPM_CONFIG_PROVENANCE=true adds provenance
 *
 * Packages of native code come first, and each package after those that it depends on: whoever installs meanwhile finds
 * all of it, or the version before. What the registry has already is left as it is, so a release that broke off is
 * published to its end by the same command. `--registry URL` names another registry than npm's configuration does.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { environment, root, tool } from './environment.mjs'
import { publishedPackages } from './manifests.mjs'
import { packageName, platforms } from './platforms/platforms.mjs'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'dry-run': { type: 'boolean' }, publish: { type: 'boolean' }, registry: { type: 'string' } },
})
const [version = ''] = positionals
const dryRun = options['dry-run'] ? ['--dry-run'] : []
const registry = options.registry === undefined ? [] : ['--registry', options.registry]

function refuse(sentence) {
  console.error(`error: ${sentence}`)
  process.exit(2)
}

// Scripts, since prepack refuses what is not built, and adds the packages of platforms to what the engine depends on.
const env = { ...environment, npm_config_ignore_scripts: 'false' }

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

function npm(args, stdio) {
  return spawnSync('npm', args, { cwd: root, env, encoding: 'utf8', shell: process.platform === 'win32', stdio })
}

/** Folders to publish, in their order. */
function foldersToPublish() {
  const ours = new Map(publishedPackages().map((its) => [its.manifest.name, its]))
  const ordered = new Set()
  const add = (name) => {
    const { manifest } = ours.get(name) ?? {}
    if (manifest === undefined || ordered.has(name)) return
    const needed = { ...manifest.dependencies, ...manifest.peerDependencies }
    for (const other of Object.keys(needed)) add(other)
    ordered.add(name)
  }
  for (const name of ours.keys()) add(name)
  const native = platforms.map((platform) => ({
    name: packageName(platform),
    folder: join(root, 'packages', 'engine-cpu', 'npm', platform.name),
  }))
  return [...native, ...[...ordered].map((name) => ({ name, folder: ours.get(name).folder }))]
}

/** The packed file, not the folder: of a folder, npm tells the registry what the manifest says after packing. */
function publish(folder, into) {
  const packed = npm(['pack', folder, '--json', '--pack-destination', into, '--loglevel=error'])
  if (packed.status !== 0) refuse(`${folder} cannot be packed: ${packed.stderr}`)
  // Before npm 12 a list, then by name; scripts print before it.
  const [{ filename }] = Object.values(JSON.parse(packed.stdout.slice(packed.stdout.search(/^[[{]/m))))
  const tag = version.includes('-') ? ['--tag', 'next'] : []
  const file = join(into, filename.replace(/^@/, '').replaceAll('/', '-'))
  const { status } = npm(['publish', file, ...registry, ...tag, ...dryRun, '--loglevel=error'], 'inherit')
  if (status !== 0) process.exit(status ?? 1)
}

function publishAll() {
  const into = mkdtempSync(join(tmpdir(), 'gradpool-release-'))
  process.on('exit', () => rmSync(into, { recursive: true, force: true }))
  for (const { name, folder } of foldersToPublish()) {
    const asked = options.publish && npm(['view', `${name}@${version}`, 'version', ...registry, '--loglevel=silent'])
    if (asked && asked.stdout.trim() === version) console.log(`${name}@${version} is there already`)
    else publish(folder, into)
  }
}

if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
  refuse('which version? npm run release -- 0.3.0 [--dry-run] [--publish]')
const changes = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
if (!changes.includes(`\n## ${version}\n`)) refuse(`CHANGELOG.md has no section '## ${version}'`)
const other = publishedPackages().find(({ manifest }) => manifest.version !== version)
if (options.publish && other !== undefined)
  refuse(`${other.manifest.name} is at ${other.manifest.version}, not ${version}: publish what is tagged v${version}`)

run(join(root, 'tools', 'manifests.mjs'))
run(tool('tsc'), '--build')
run(join(root, 'tools', 'bundle.mjs'))
if (!options.publish) run(tool('nx'), 'release', 'version', version, ...dryRun)
if (options.publish || options['dry-run']) {
  run(join(root, 'tools', 'platforms', 'run.mjs'))
  publishAll()
}
