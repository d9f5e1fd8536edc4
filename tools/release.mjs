// Releases all packages under one new version, by `nx release`: builds them, sets the version everywhere, commits and
// tags it, and publishes. CHANGELOG.md is kept by hand, and must have a section of the version.
//
// npm run release -- 0.3.0 --dry-run changes and publishes nothing npm run release -- 0.3.0 commit and tag; then
// publish with --publish, as CI does on the tag npm run release -- 0.3.0 --publish publishes what the tag has; with
// provenance where NPM_CONFIG_PROVENANCE is set
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { environment, root, tool } from './environment.mjs'

const asked = process.argv.slice(2)
const version = asked.find((each) => !each.startsWith('-')) ?? ''
const isDry = asked.includes('--dry-run')
const isPublishing = asked.includes('--publish')

function refuse(sentence) {
  console.error(`error: ${sentence}`)
  process.exit(2)
}

function run(...args) {
  // Scripts, since prepack refuses what is not built.
  const env = { ...environment, npm_config_ignore_scripts: 'false' }
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
  refuse('which version? npm run release -- 0.3.0 [--dry-run] [--publish]')
const changes = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')
if (!changes.includes(`\n## ${version}\n`)) refuse(`CHANGELOG.md has no section '## ${version}'`)
const nx = (...args) => run(tool('nx'), ...args, ...(isDry ? ['--dry-run'] : []))

run(join(root, 'tools', 'manifests.mjs'))
run(tool('tsc'), '--build')
run(join(root, 'tools', 'bundle.mjs'))
if (!isPublishing) nx('release', 'version', version)
if (isPublishing || isDry) nx('release', 'publish')
