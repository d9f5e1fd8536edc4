/**
 * Releases all packages under one new version: builds them, sets the version with `nx release`, commits and tags it,
 * and publishes. CHANGELOG.md is written by hand and must have a section for the version.
 *
 *     npm run release -- 0.3.0 --dry-run      changes nothing, and packs what would be published
 *     npm run release -- 0.3.0                commits and tags
 *     npm run release -- 0.3.0 --publish      publishes what is tagged; CI runs this for each tag
 *
 * `--registry URL` publishes to another registry than npm is configured with. NPM_CONFIG_PROVENANCE=true adds
 * provenance.
 *
 * While the address of the source repository is a placeholder (source-address.mjs), only rehearsals run: `--dry-run`,
 * and `--registry` with a registry on this machine.
 *
 * Packages of native code are published first, and each package after those that it depends on, so an installation
 * during a release gets the whole new version or the whole old one. Packages that the registry already has are skipped,
 * so the same command completes a release that was interrupted.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { environment, root, tool } from './environment.mjs'
import { publishedPackages } from './manifests.mjs'
import { packageName, platforms } from './platforms/platforms.mjs'
import { addressProblem } from './source-address.mjs'

const { options, version } = parsedArguments()
const dryRun = options['dry-run'] ? ['--dry-run'] : []
const registry = options.registry === undefined ? [] : ['--registry', options.registry]

// prepack.mjs has to run although .npmrc disables scripts.
const env = { ...environment, npm_config_ignore_scripts: 'false' }

function refuse(sentence) {
  console.error(`error: ${sentence}`)
  process.exit(2)
}

function parsedArguments() {
  const usage = 'Usage: npm run release -- 0.3.0 [--dry-run] [--publish] [--registry URL]'
  const known = { 'dry-run': { type: 'boolean' }, publish: { type: 'boolean' }, registry: { type: 'string' } }
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: known })
    const [wanted = '', surplus] = positionals
    if (surplus !== undefined) refuse(`Unknown argument '${surplus}'. ${usage}`)
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(wanted)) refuse(`Expected a version, got '${wanted}'. ${usage}`)
    if (values.registry !== undefined && !URL.canParse(values.registry))
      refuse(`Expected an address after --registry, got '${values.registry}'. ${usage}`)
    return { options: values, version: wanted }
  } catch (error) {
    return refuse(`${error.message.split('. ')[0]}. ${usage}`)
  }
}

/** Whether nothing is published outside this machine, committed or tagged. */
function isRehearsal() {
  if (options['dry-run']) return true
  const hosts = ['localhost', '127.0.0.1', '[::1]']
  return options.publish && options.registry !== undefined && hosts.includes(new URL(options.registry).hostname)
}

function checkAddress() {
  const problem = addressProblem()
  if (problem === undefined) return
  if (!isRehearsal()) refuse(problem)
  console.error(`warning: ${problem} This rehearsal goes on with packages that have no address.`)
}

function checkVersion() {
  const changes = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
  if (!changes.includes(`\n## ${version}\n`)) refuse(`CHANGELOG.md has no section '## ${version}': add one.`)
  const other = publishedPackages().find(({ manifest }) => manifest.version !== version)
  if (!options.publish || other === undefined) return
  const { name, version: found } = other.manifest
  refuse(`Cannot publish ${version}: ${name} is at version ${found}. Check out the tag v${version} first.`)
}

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

function npm(args, stdio) {
  return spawnSync('npm', args, { cwd: root, env, encoding: 'utf8', shell: process.platform === 'win32', stdio })
}

/** Names and directories of all packages, in the order in which they are published. */
function packagesInOrder() {
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

/**
 * Packs a directory and publishes the packed file. Given the directory, npm would send the registry the manifest as it
 * is after postpack.mjs, without the fields that prepack.mjs added.
 */
function publish(folder, into) {
  const packed = npm(['pack', folder, '--json', '--pack-destination', into, '--loglevel=error'])
  if (packed.status !== 0) refuse(`Cannot pack ${folder}: ${packed.stderr}`)
  // npm 12 prints an object by name, older ones a list; the output of scripts comes before it.
  const [{ filename }] = Object.values(JSON.parse(packed.stdout.slice(packed.stdout.search(/^[[{]/m))))
  const tag = version.includes('-') ? ['--tag', 'next'] : []
  const file = join(into, filename.replace(/^@/, '').replaceAll('/', '-'))
  const { status } = npm(['publish', file, ...registry, ...tag, ...dryRun, '--loglevel=error'], 'inherit')
  if (status !== 0) process.exit(status ?? 1)
}

function isPublished(name) {
  const { stdout } = npm(['view', `${name}@${version}`, 'version', ...registry, '--loglevel=silent'])
  return stdout.trim() === version
}

function publishAll() {
  const into = mkdtempSync(join(tmpdir(), 'gradpool-release-'))
  process.on('exit', () => rmSync(into, { recursive: true, force: true }))
  for (const { name, folder } of packagesInOrder()) {
    if (options.publish && isPublished(name)) console.log(`${name}@${version} is already published`)
    else publish(folder, into)
  }
}

checkAddress()
checkVersion()
run(join(root, 'tools', 'manifests.mjs'))
run(tool('tsc'), '--build')
run(join(root, 'tools', 'bundle.mjs'))
if (!options.publish) run(tool('nx'), 'release', 'version', version, ...dryRun)
if (options.publish || options['dry-run']) {
  run(join(root, 'tools', 'platforms', 'run.mjs'))
  publishAll()
}
