// What a release refuses, and what it runs, in a copy of the files that it reads; its build steps are stubs that print
// their names. test/outside/release.outside.ts publishes to a real registry.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { root, tool } from './environment.mjs'
import { publishedPackages } from './manifests.mjs'

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const PLACEHOLDER = 'git+https://any.invalid/someone/pool.git'
const ADDRESS = 'git+https://host.example/someone/pool.git'
const problem =
  "Set repository.url in the root's package.json before a release: 'https://any.invalid/someone/pool' is a placeholder."

let folder
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gradpool-release-test-'))
  const sources = ['environment', 'manifests', 'published-manifest', 'release', 'source-address', 'platforms/platforms']
  for (const name of sources) copy(`tools/${name}.mjs`)
  copy('CHANGELOG.md')
  for (const { name } of publishedPackages()) copy(`packages/${name}/package.json`)
  for (const name of ['tsc', 'nx']) stub(tool(name).slice(root.length), name)
  for (const name of ['bundle.mjs', 'platforms/run.mjs']) stub(`tools/${name}`, name)
})
afterEach(() => rmSync(folder, { recursive: true }))

function copy(path) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  cpSync(join(root, path), join(folder, path))
}

function stub(path, name) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), `console.log('${name}', process.argv.slice(2).join(' '))\n`)
}

function release(url, ...args) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...manifest, repository: { type: 'git', url } }))
  const command = [join(folder, 'tools', 'release.mjs'), ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
  return { status, printed: stdout.trim().split('\n'), stderr }
}

describe('while the address is a placeholder', () => {
  test('a release is refused, and runs nothing', () => {
    const refused = { status: 2, printed: [''], stderr: `error: ${problem}\n` }
    expect(release(PLACEHOLDER, version)).toEqual(refused)
    expect(release(PLACEHOLDER, version, '--publish')).toEqual(refused)
    expect(release(PLACEHOLDER, version, '--publish', '--registry', 'https://registry.example')).toEqual(refused)
    // Commits and tags, whatever the registry.
    expect(release(PLACEHOLDER, version, '--registry', 'http://127.0.0.1:4873')).toEqual(refused)
  })

  test('a rehearsal goes on with a warning', () => {
    const rehearsals = [['--dry-run'], ['--publish', '--registry', 'http://127.0.0.1:4873']]
    for (const args of rehearsals) {
      const { stderr } = release(PLACEHOLDER, '9.9.9', ...args)
      expect(stderr).toBe(
        `warning: ${problem} This rehearsal goes on with packages that have no address.\n` +
          "error: CHANGELOG.md has no section '## 9.9.9': add one.\n",
      )
    }
  })
})

describe('with an address', () => {
  test('a release builds, and sets the version', () => {
    expect(release(ADDRESS, version)).toEqual({
      status: 0,
      printed: ['tsc --build', 'bundle.mjs ', `nx release version ${version}`],
      stderr: '',
    })
  })

  test('a version without a section in the changelog is refused', () => {
    const { status, stderr } = release(ADDRESS, '9.9.9')
    expect(status).toBe(2)
    expect(stderr).toBe("error: CHANGELOG.md has no section '## 9.9.9': add one.\n")
  })

  test('a version other than the tagged one is not published', () => {
    writeFileSync(join(folder, 'CHANGELOG.md'), '\n## 9.9.9\n')
    const { status, stderr } = release(ADDRESS, '9.9.9', '--publish')
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^error: Cannot publish 9\.9\.9: \S+ is at version \S+\. Check out the tag v9\.9\.9 first\.\n$/,
    )
  })
})

test('wrong arguments are answered with one line and the usage', () => {
  const usage = 'Usage: npm run release -- 0.3.0 [--dry-run] [--publish] [--registry URL]'
  const answers = [
    [[], "Expected a version, got ''."],
    [['next'], "Expected a version, got 'next'."],
    [['0.3.0', '0.4.0'], "Unknown argument '0.4.0'."],
    [['0.3.0', '--dryrun'], "Unknown option '--dryrun'."],
    [['0.3.0', '--registry', 'here'], "Expected an address after --registry, got 'here'."],
  ]
  for (const [args, sentence] of answers) {
    expect(release(ADDRESS, ...args)).toMatchObject({ status: 2, stderr: `error: ${sentence} ${usage}\n` })
  }
})
