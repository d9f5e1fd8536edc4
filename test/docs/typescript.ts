/**
 * TypeScript and JavaScript of our pages: checked as strictly as our own, and run by Node, on the
 * built packages.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import ts from 'typescript'
import { type Block, root } from './blocks.js'

export const isTypeScript = ({ language }: Block) => language === 'ts'
export const isCode = ({ language }: Block) => ['ts', 'js', 'mjs'].includes(language)

/** A folder in which the packages are installed. */
export function installedFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'gradpool-docs-'))
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  writeFileSync(join(path, 'package.json'), '{ "type": "module" }')
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

const codeOf = ({ setup, text }: Block) => (setup === '' ? text : `${setup}\n${text}`)

/** What the compiler has to say, by the name of the block; lines are those of the page. */
export function typeErrors(blocks: readonly Block[], folder: string): Map<string, string[]> {
  const files = new Map(blocks.map((block, at) => [join(folder, `block-${at}.ts`), block]))
  for (const [path, block] of files) writeFileSync(path, codeOf(block))
  const program = ts.createProgram([...files.keys()], {
    ...compilerOptions(),
    noEmit: true,
    typeRoots: [join(root, 'node_modules', '@types')],
  })
  const errors = new Map<string, string[]>()
  for (const diagnostic of ts.getPreEmitDiagnostics(program)) {
    const block = files.get(diagnostic.file?.fileName ?? '')
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')
    const name = block?.name ?? diagnostic.file?.fileName ?? 'all blocks'
    errors.set(name, [...(errors.get(name) ?? []), `${placeOf(diagnostic, block)}${text}`])
  }
  return errors
}

function placeOf({ file, start }: ts.Diagnostic, block: Block | undefined): string {
  if (file === undefined || start === undefined || block === undefined) return ''
  const { line } = file.getLineAndCharacterOfPosition(start)
  const shown = line - (block.setup === '' ? 0 : block.setup.split('\n').length)
  return shown < 0 ? `line ${line + 1} of its setup: ` : `line ${block.line + shown}: `
}

/** Those of the repository, for a user's program: on the packages' built declarations. */
function compilerOptions(): ts.CompilerOptions {
  const path = join(root, 'tsconfig.base.json')
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name)) as {
    config: { compilerOptions: object }
  }
  const { options } = ts.parseJsonConfigFileContent(
    {
      compilerOptions: { ...config.compilerOptions, composite: false, customConditions: [] },
      files: [],
    },
    ts.sys,
    root,
  )
  return { ...options, declaration: false, declarationMap: false, emitDeclarationOnly: false, incremental: false }
}

/** Plans an experiment, as far as it goes without training. */
const plan = (path: string) => `
import { loadDataset } from '@gradpool/datasets'
import { parseExperiment, planExperiment } from '@gradpool/experiments'
import written from './${path}'
const config = parseExperiment(written)
planExperiment(config, { dataset: await loadDataset(config.data), seed: 0 })
`

/**
 * Runs a block; one that exports an experiment is planned. A first line `// my-code.ts` names its
 * file.
 */
export async function runCode(block: Block, folder: string): Promise<string> {
  const [, fileName] = /^\/\/ ([\w-]+\.m?[jt]s)\n/.exec(block.text) ?? []
  if (fileName !== undefined) writeFileSync(join(folder, fileName), block.text)
  const code = codeOf(block)
  const compiled = `block-${block.line}.mjs`
  const options = { loader: 'ts', format: 'esm', target: 'node20' } as const
  writeFileSync(join(folder, compiled), transformSync(code, options).code)
  if (!/^export default /m.test(code)) return runNode([compiled], folder)
  const planning = `plan-${block.line}.mjs`
  writeFileSync(join(folder, planning), plan(compiled))
  return runNode([planning], folder)
}

/** What a program prints. */
export function runNode(args: readonly string[], cwd: string): Promise<string> {
  // What a page says is printed has no colours.
  const env = { ...process.env, FORCE_COLOR: '0', NODE_OPTIONS: '' }
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(stdout)
      else reject(new Error(`it ended with ${code ?? 'a signal'}:\n${stderr}`))
    })
  })
}
