// The address of the repository is in one file, and packages get it when they are packed.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './environment.mjs'
import { completed, publishedPackages } from './manifests.mjs'
import { publishedManifest, repositoryManifest } from './published-manifest.mjs'
import { addressFields, addressProblem } from './source-address.mjs'

const withAddress = (url) => ({ repository: { type: 'git', url } })
const placeholder = withAddress('git+https://any.invalid/someone/pool.git')
const address = withAddress('git+https://host.example/someone/pool.git')

test('only package.json of the root has the address', () => {
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const name = repository.url.replace(/^git\+https:\/\/|\.git$/g, '')
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  const files = listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path)))
  expect(files.length).toBeGreaterThan(500)
  expect(files.filter((path) => readFileSync(join(root, path)).includes(name))).toEqual(['package.json'])
})

test('no manifest in the repository names an address', () => {
  for (const { manifest } of publishedPackages()) expect(repositoryManifest(manifest), manifest.name).toEqual(manifest)
})

test('a packed manifest has the address of its own directory', () => {
  for (const { name, manifest } of publishedPackages()) {
    expect(publishedManifest(name, manifest, address)).toMatchObject({
      homepage: `https://host.example/someone/pool/tree/main/packages/${name}#readme`,
      bugs: 'https://host.example/someone/pool/issues',
      repository: { type: 'git', url: 'git+https://host.example/someone/pool.git', directory: `packages/${name}` },
    })
  }
})

test('a packed manifest has no placeholder', () => {
  expect(addressFields('packages/core', placeholder)).toEqual({})
  for (const { name, manifest } of publishedPackages()) {
    expect(JSON.stringify(publishedManifest(name, manifest, placeholder))).not.toMatch(/"homepage"|"bugs"|\.invalid/)
  }
})

test('after packing, and after an interrupted packing, a manifest is as it was', () => {
  for (const { name, manifest } of publishedPackages()) {
    const packed = publishedManifest(name, manifest, address)
    expect(JSON.stringify(repositoryManifest(packed)), name).toBe(JSON.stringify(manifest))
    expect(JSON.stringify(completed(name, packed)), name).toBe(JSON.stringify(manifest))
  }
})

test('a placeholder, and what is no address, is a problem', () => {
  expect(addressProblem(address)).toBeUndefined()
  expect(addressProblem(withAddress('git+https://host.example:8443/group/sub/pool.git'))).toBeUndefined()
  expect(addressProblem(placeholder)).toBe(
    "Set repository.url in the root's package.json before a release: 'https://any.invalid/someone/pool' is a placeholder.",
  )
  for (const url of ['https://host.example/someone/pool', 'git@host.example:someone/pool.git', 'github:a/b', '']) {
    expect(addressProblem(withAddress(url))).toBe(
      `Expected repository.url in the root's package.json to be like git+https://HOST/OWNER/NAME.git, got '${url}'.`,
    )
  }
  expect(addressProblem({})).toMatch(/got ''\.$/)
})
