/** Native code that does not load, or answers wrong, is left out with one warning, and WebAssembly serves. */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { loadAddon } from '../native-kernels.js'
import { reasonAgainst } from './known-question.js'
import { knownAnswer } from './known-answer.js'
import { compiledHere, filesIn, nativeFolders, platformPackages } from './native-files.js'
import { UsableCode } from './usable-code.js'

interface Sources {
  readonly kernels: string
}

/** Programs of the build, in JavaScript. */
interface Build {
  readonly findCompiler: () => { readonly command: string } | undefined
  readonly sourcesHere: Sources
  readonly compileAddons: (options: {
    readonly output: string
    readonly sets: readonly object[]
    readonly platform: string
    readonly compiler: readonly string[]
    readonly flagsOf: () => readonly string[]
    readonly sources: Sources
  }) => Promise<string | undefined>
}
const programOf = (name: string): string => new URL(`../../native/${name}.mjs`, import.meta.url).href
const { findCompiler, sourcesHere, compileAddons } = {
  ...((await import(programOf('compiler'))) as Pick<Build, 'findCompiler'>),
  ...((await import(programOf('compile'))) as Omit<Build, 'findCompiler'>),
}

const built = filesIn(compiledHere())
const root = mkdtempSync(join(tmpdir(), 'gradpool-native-'))
afterAll(() => rmSync(root, { recursive: true }))

let numFolders = 0
/** A folder with files of these contents, and the checksums of these or of others. */
function folderWith(contents: Files, built: Files = contents): string {
  const folder = join(root, String(numFolders++))
  mkdirSync(folder)
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, `${name}.node`), content)
  const sums = Object.entries(built).map(([name, content]) => [
    `${name}.node`,
    createHash('sha256').update(content).digest('hex'),
  ])
  writeFileSync(join(folder, 'checksums.json'), JSON.stringify(Object.fromEntries(sums)))
  return folder
}

type Files = Readonly<Record<string, Buffer | string>>

function lookIn(...folders: string[]) {
  const warnings: string[] = []
  const code = new UsableCode(folders, (text) => warnings.push(text))
  return { code, warnings }
}

const bytesOf = (instructionSet: string): Buffer =>
  readFileSync(built.find((file) => file.instructionSet === instructionSet)?.path ?? '')

test('there is none, and nothing to warn of, where no folder has any', () => {
  const { code, warnings } = lookIn(join(root, 'nowhere'), folderWith({}))
  expect(code.best()).toBeUndefined()
  expect(code.all()).toEqual([])
  expect(code.portable()).toBeUndefined()
  expect(warnings).toEqual([])
})

test('a text file is no code', () => {
  const folder = folderWith({ portable: 'This is not a library.\n' })
  const { code, warnings } = lookIn(folder)
  expect(code.best()).toBeUndefined()
  expect(code.all()).toEqual([])
  expect(code.portable()).toBeUndefined()
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain(join(folder, 'portable.node'))
  expect(warnings[0]).toMatch(/ is not used: it does not load here \(.+\)\. WebAssembly is used instead/)
})

test('a file without its checksum is left out', () => {
  const folder = folderWith({ portable: 'This is not a library.\n' }, {})
  expect(lookIn(folder).code.best()).toBeUndefined()
  rmSync(join(folder, 'checksums.json'))
  const { code, warnings } = lookIn(folder)
  expect(code.best()).toBeUndefined()
  expect(warnings).toEqual([expect.stringMatching(/beside it is no checksums\.json/)])
})

test('a library of another architecture is no code for this one', () => {
  // The header of an ELF file for an IBM S/390, without anything behind it.
  const header = Buffer.alloc(64)
  header.write('\x7fELF', 'latin1')
  header.set([2, 2, 1], 4)
  header.writeUInt16BE(3, 16)
  header.writeUInt16BE(22, 18)
  const { code, warnings } = lookIn(folderWith({ portable: header }))
  expect(code.best()).toBeUndefined()
  expect(warnings).toHaveLength(1)
})

describe.skipIf(built.length === 0)('where code was built', () => {
  test('all of it is used, best first', () => {
    const { code, warnings } = lookIn(compiledHere())
    expect(code.all().map(({ instructionSet }) => instructionSet)).toContain('portable')
    expect(code.best()?.path).toBe(code.all()[0]?.path)
    expect(warnings).toEqual([])
    expect(code.problems).toEqual([])
  })

  test('a library that is cut short is left out', () => {
    const whole = bytesOf('portable')
    for (const numBytes of [100, whole.length >> 1]) {
      const folder = folderWith({ portable: whole.subarray(0, numBytes) }, { portable: whole })
      const { code, warnings } = lookIn(folder)
      expect(code.best()).toBeUndefined()
      expect(code.portable()).toBeUndefined()
      expect(warnings).toHaveLength(1)
      expect(warnings[0]).toContain(
        `${join(folder, 'portable.node')} is not used: its bytes are not those that were built`,
      )
    }
  })

  test('the next folder serves, without a word, where the code of the first is for another system', () => {
    const { code, warnings } = lookIn(folderWith({ portable: 'nothing' }), compiledHere())
    expect(code.best()).toBeDefined()
    expect(code.problems).toHaveLength(1)
    expect(warnings).toEqual([])
  })

  test('the next instruction set serves, with a warning, where the best is cut short', () => {
    const [best, next] = lookIn(compiledHere()).code.all()
    if (best === undefined || next === undefined) return
    const whole = Object.fromEntries([best, next].map(({ instructionSet: set }) => [set, bytesOf(set)]))
    const files = { portable: bytesOf('portable'), ...whole }
    const cut = { ...files, [best.instructionSet]: bytesOf(best.instructionSet).subarray(0, 4096) }
    const folder = folderWith(cut, files)
    const { code, warnings } = lookIn(folder)
    expect(code.best()?.instructionSet).toBe(next.instructionSet)
    expect(code.best()?.instructionSet).toBe(next.instructionSet)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(join(folder, `${best.instructionSet}.node`))
  })

  test('the plan of another version is refused, and wrong bits are seen', () => {
    const addon = loadAddon(built.at(-1)?.path ?? '')
    expect(reasonAgainst(addon)).toBeUndefined()
    const [address = 0, count = 0, version = 0, ...rest] = knownAnswer.words
    const other = { ...knownAnswer, words: [address, count, version + 1, ...rest] }
    expect(reasonAgainst(addon, other)).toBe('it is of another version than this package')
    expect(reasonAgainst(addon, { ...knownAnswer, hash: knownAnswer.hash ^ 1 })).toMatch(/other bits/)
    expect(reasonAgainst({ ...addon, run: () => 3 })).toMatch(/does not do the steps/)
  })

  test('an addon of something else has none of the kernels', () => {
    // As it is where Node-API is not to be had, or a file was exchanged.
    const nothing: unknown = {}
    expect(reasonAgainst(nothing as ReturnType<typeof loadAddon>)).toBe('it has none of the kernels')
  })

  const compiler = findCompiler()
  test.skipIf(compiler === undefined)(
    'kernels that compute something else are not used',
    { timeout: 120_000 },
    async () => {
      const folder = join(root, 'wrong')
      const kernels = join(root, 'wrong-kernels')
      cpSync(sourcesHere.kernels, kernels, { recursive: true })
      const file = join(kernels, 'multiply_add.h')
      const right = readFileSync(file, 'utf8')
      // A product that is rounded before the sum: right to the eye, and other bits.
      const wrong = right.replace(/return emulated_multiply_add\(a, b, c\);/, 'return a * b + c;')
      expect(wrong).not.toBe(right)
      writeFileSync(file, wrong)
      const reason = await compileAddons({
        output: folder,
        sets: [{ name: 'portable', width: 4 }],
        platform: process.platform,
        compiler: [compiler?.command ?? 'cc'],
        flagsOf: () => ['-O1'],
        sources: { ...sourcesHere, kernels },
      })
      expect(reason).toBeUndefined()
      const { code, warnings } = lookIn(folder)
      expect(code.best()).toBeUndefined()
      expect(warnings).toEqual([
        expect.stringMatching(/portable\.node is not used: it computes other bits than WebAssembly/),
      ])
    },
  )
})

test('packages are those of the platform, by either C library on Linux', () => {
  expect(platformPackages('linux', 'x64')).toEqual([
    '@gradpool/engine-cpu-linux-x64-gnu',
    '@gradpool/engine-cpu-linux-x64-musl',
  ])
  expect(platformPackages('darwin', 'arm64')).toEqual(['@gradpool/engine-cpu-darwin-arm64'])
  expect(platformPackages('win32', 'x64')).toEqual(['@gradpool/engine-cpu-win32-x64'])
})

test('a folder that the environment names is the only one', () => {
  expect(nativeFolders('/somewhere')).toEqual(['/somewhere'])
  expect(nativeFolders('')[0]).toBe(fileURLToPath(new URL('../../dist/native', import.meta.url)))
})
