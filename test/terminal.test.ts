// What gets to a terminal: lines in their place, whatever its size becomes; nothing cut where it has no size; and no
// commands that a name or a path brings along.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { controlCharacter } from './control-character.js'
import { dataFolder, smallData } from './data-folder.js'
import { emptyFolder, gradpool, runsIn, start } from './gradpool.js'
import { Screen } from './screen.js'

const installed = createRequire(import.meta.url).resolve('gradpool/package.json')
const command = join(dirname(installed), 'bin', 'gradpool.js')
const hasScript = spawnSync('script', ['--version']).status === 0

const data = smallData()

interface Terminal {
  readonly screen: Screen
  text(): string
  /** The process is told of it only after some hundred milliseconds where it is told late, as tmux does. */
  resize(columns: number, when: 'soon' | 'late'): Promise<void>
  /** As Ctrl-C does. */
  interrupt(): void
  /** As its window is closed: nothing that is written gets anywhere. */
  close(): void
  /** Where the command works. */
  readonly folder: string
  /** Fulfilled when the screen is so. */
  until(isSo: (rows: readonly string[]) => boolean): Promise<void>
  readonly ended: Promise<number | null>
}

/** The command on a pseudo-terminal. */
async function onTerminal(
  args: readonly string[],
  { columns, rows = 24, env = {} }: { columns: number; rows?: number; env?: Readonly<Record<string, string>> },
): Promise<Terminal> {
  const folder = await emptyFolder()
  const [tty, pid] = [join(folder, 'tty'), join(folder, 'pid')]
  const quoted = [process.execPath, command, ...args].map((each) => `'${each}'`).join(' ')
  const line = `stty rows ${rows} cols ${columns} -onlcr; tty > ${tty}; echo $$ > ${pid}; exec ${quoted}`
  const { PATH, HOME } = process.env
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', line, '/dev/null'], {
    cwd: folder,
    env: { PATH, HOME, TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    try {
      process.kill(group(), 'SIGKILL')
    } catch {
      // It has ended.
    }
    await ended
  })
  const screen = new Screen(columns, rows)
  let text = ''
  const checks = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part
    screen.write(part.replaceAll('\n', '\r\n'))
    for (const check of checks) check()
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const group = () => -Number(readFileSync(pid, 'utf8'))
  return {
    screen,
    text: () => text,
    ended,
    async resize(to, when) {
      const tell = () => spawnSync('stty', ['-F', readFileSync(tty, 'utf8').trim(), 'cols', String(to)])
      if (when === 'late') {
        screen.resize(to)
        await setTimeout(350)
        tell()
        return
      }
      // It writes nothing meanwhile, so that what it wrote gets to a terminal of the size that it knew.
      process.kill(group(), 'SIGSTOP')
      await setTimeout(200)
      screen.resize(to)
      tell()
      process.kill(group(), 'SIGCONT')
      // It has stopped itself, too.
      child.kill('SIGCONT')
    },
    interrupt: () => void process.kill(group(), 'SIGINT'),
    close: () => void child.kill('SIGKILL'),
    folder,
    until: (isSo) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (!isSo(screen.rows)) return
          checks.delete(check)
          resolve()
        }
        checks.add(check)
        check()
        void ended.then(() => reject(new Error(`it ended before: ${text}`)))
        void setTimeout(10_000, undefined, { ref: false }).then(() =>
          reject(new Error(`it shows:\n${screen.rows.join('\n')}`)),
        )
      }),
  }
}

const isLive = (row: string) => /epoch|\d+\/(200|3000)|of \d+ stages|━|steps\/s/.test(row)

test.runIf(hasScript).each(['soon', 'late'] as const)(
  'lines stay whole while a terminal becomes narrower and wider, and tells of it %s',
  async (when) => {
    const args = ['run', 'mnist_mlp_1p', 'mnist_auto_1', '--epochs', '3000', '--workers', '2', ...data]
    const terminal = await onTerminal(args, { columns: 120, env: when === 'late' ? { TMUX: '1' } : {} })
    const { screen } = terminal
    await terminal.until((rows) => rows.filter(isLive).length >= 3)
    for (const columns of [70, 40, 110, 50, 44, 100, 120, 60]) {
      await terminal.resize(columns, when)
      // Were any left of those before, there would be more.
      await terminal.until((rows) => {
        const live = rows.filter(isLive)
        return live.length === 3 && live.every((row) => row.length < columns)
      })
      expect(screen.rows.join('\n').trimEnd()).not.toContain('\n\n')
    }
    terminal.interrupt()
    expect(await terminal.ended).toBe(130)
    // Nothing of them is left at the end, above what stays.
    expect(screen.rows.filter((row) => /━|left$/.test(row))).toEqual([])
    expect(screen.rows.filter((row) => row.includes('stopped')).length).toBeGreaterThan(0)
  },
  30_000,
)

test.runIf(hasScript)('a run whose terminal is closed stops at a checkpoint', async () => {
  const args = ['run', 'mnist_mlp_1p', 'mnist_auto_1', '--epochs', '3000', '--workers', '2', ...data]
  const terminal = await onTerminal(args, { columns: 80 })
  await terminal.until((rows) => rows.some((row) => /epoch +[2-9]/.test(row)))
  terminal.close()
  const [run = ''] = await runsIn(terminal.folder)
  const path = join(terminal.folder, 'runs', run)
  await expect.poll(() => existsSync(join(path, 'result.json')), { timeout: 10_000 }).toBe(true)
  const result: unknown = JSON.parse(readFileSync(join(path, 'result.json'), 'utf8'))
  expect(result).toMatchObject({ experiments: [{ status: 'interrupted' }, { status: 'interrupted' }] })
  const files = readdirSync(join(path, 'stages'), { recursive: true }).map(String)
  expect(files.some((file) => /checkpoints.\d+\.json$/.test(file))).toBe(true)
  await expect.poll(() => existsSync(join(path, 'lock')), { timeout: 10_000 }).toBe(false)
})

/** Runs a command on a pseudo-terminal, closes that once it shows a pattern, and prints the command's exit code. */
const closeTerminal = `
import os, pty, re, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
text = b''
while not re.search(sys.argv[1].encode(), text):
    text += os.read(terminal, 65536)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`
const hasPty = spawnSync('python3', ['-c', 'import os, pty; os.waitstatus_to_exitcode']).status === 0
const namePty = hasPty ? '' : ' (skipped: Python has no module pty here)'

test.runIf(hasPty).each(['supervised', '--in-process'])(
  `a run, %s, whose terminal is closed ends as after an interrupt${namePty}`,
  async (how) => {
    const cwd = await emptyFolder()
    const args = ['run', 'mnist_auto_1', '--epochs', '3000', ...data, ...(how === 'supervised' ? [] : [how])]
    const program = ['-c', closeTerminal, 'Epoch [0-9]+:', process.execPath, command, ...args]
    const { stdout, stderr } = spawnSync('python3', program, { cwd, encoding: 'utf8', timeout: 20_000 })
    expect({ stdout, stderr }).toEqual({ stdout: '129\n', stderr: '' })
    const [run = ''] = await runsIn(cwd)
    const result: unknown = JSON.parse(readFileSync(join(cwd, 'runs', run, 'result.json'), 'utf8'))
    expect(result).toMatchObject({ experiments: [{ status: 'interrupted' }] })
  },
)

test.runIf(hasScript)('colours come and go with NO_COLOR, and a dumb terminal gets lines', async () => {
  // eslint-disable-next-line no-control-regex -- it is how colours begin
  const colour = /\u001b\[\d+m/
  const run = async (env: Readonly<Record<string, string>>) => {
    // Long enough to be painted.
    const args = ['run', 'mnist_mlp_1p', '--epochs', '300', '--no-report', ...data]
    const terminal = await onTerminal(args, { columns: 80, env })
    expect(await terminal.ended).toBe(0)
    return terminal.text()
  }
  expect(await run({})).toMatch(colour)
  const plain = await run({ NO_COLOR: '1' })
  expect(plain).not.toMatch(colour)
  expect(plain).toContain('\u001b[?25l')
  const dumb = await run({ TERM: 'dumb' })
  expect(dumb).not.toMatch(controlCharacter)
  expect(dumb).toMatch(/Epoch \d+: cost=/)
})

test.runIf(hasScript)('two hundred seeds are few lines', async () => {
  const args = ['run', 'mnist_mlp_1p', '--seed', '0..199', '--epochs', '1', '--workers', '2', '--no-report', ...data]
  const terminal = await onTerminal(args, { columns: 80, rows: 12 })
  await terminal.until((rows) => rows.some((row) => / [1-9]\d*\/200 seeds .*accuracy \d/.test(row)))
  const { screen } = terminal
  expect(screen.rows.length).toBeLessThan(12)
  expect(screen.rows.filter(isLive).length).toBeLessThanOrEqual(4)
})

test.runIf(hasScript)('a pseudo-terminal without a size cuts no names', () => {
  const line = `stty rows 0 cols 0; ${process.execPath} ${command} list`
  const { stdout } = spawnSync('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', TERM: 'xterm' },
  })
  expect(stdout).toContain('autoencode 784-64-10-64-784, then classify 10-10-10 with the encoder fine-tuned')
})

test('a hostile condition is written out in text, and kept in JSON', async () => {
  const hostile = '\u001b[2J\u009b1m\u202ecba'
  const out = await emptyFolder()
  const args = ['run', 'mnist_mlp_1p', '--epochs', '1', '--data', await dataFolder(), '--out', out]
  const ran = await gradpool([...args, '--set', `condition=${hostile}`, '--lang', 'en'])
  expect(ran.code).toBe(0)
  expect(ran.stdout).not.toMatch(controlCharacter)
  expect(ran.stdout).toContain('\\u001b[2J\\u009b1m\\u202ecba')
  expect(ran.stdout).toMatch(/ {2}Epoch 1: loss=/)
  expect(ran.stdout).toMatch(/^truth \[\d \d \d\] vs\. estimate \[\d \d \d\]$/m)
  expect(ran.stdout).not.toMatch(/\p{Script=Hangul}/u)
  const shown = await gradpool(['show', '--runs', out, '--json'])
  expect(JSON.parse(shown.stdout)).toMatchObject({ experiments: [{ condition: hostile }] })
  const refused = await gradpool(['run', hostile, '--out', out])
  expect(refused.stderr).toContain('\\u001b[2J')
  expect(refused.stderr.trimEnd()).not.toMatch(controlCharacter)
})

test('show --watch looks on at a run of another process to its end, and ends with its outcome', async () => {
  const cwd = await emptyFolder()
  const run = start(['run', 'mnist_auto_1', '--epochs', '200', '--no-report', ...data], { cwd })
  await run.said('autoencode started:')
  const [name = ''] = await runsIn(cwd)
  const watching = start(['show', '--watch', 'latest'], { cwd })
  const left = start(['watch', name], { cwd })
  await Promise.all([watching.said('Epoch 2: cost='), left.said('Epoch 2: cost=')])
  left.child.kill('SIGINT')
  expect((await left.ended).code).toBe(130)
  const [ran, watched] = await Promise.all([run.ended, watching.ended])
  expect([ran.code, watched.code]).toEqual([0, 0])
  // The same lines, after the one that says what it is.
  const told = (stdout: string) =>
    stdout
      .split('\n')
      .slice(1)
      .join('\n')
      .replaceAll(/kept in .*/g, '')
  expect(told(watched.stdout)).toBe(told(ran.stdout))
  expect(watched.stderr).toBe('')
})

test('show --watch says when a run is cut off, and goes on over a resume', async () => {
  const cwd = await emptyFolder()
  const run = start(['run', 'mnist_auto_1', '--epochs', '3000', '--in-process', ...data], { cwd })
  await run.said('Epoch 10: cost=')
  const watching = start(['show', '--watch'], { cwd })
  await watching.said('Epoch 10: cost=')
  run.child.kill('SIGKILL')
  await run.ended
  const { code, stderr } = await watching.ended
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^No process works on the run 'runs\/[\w-]+' any more: `gradpool resume runs\/[\w-]+` resumes it\n$/,
  )
  const again = await gradpool(['watch'], { cwd })
  expect(again.code).toBe(2)
  expect(again.stderr).toMatch(/^no process works on '.*', and it was begun without a queue/)
  const resumed = start(['resume', '--no-report'], { cwd })
  await resumed.said('goes on in epoch')
  const json = start(['show', '--watch', '--json'], { cwd })
  await json.saidOnStderr('goes on in epoch')
  resumed.child.kill('SIGINT')
  expect((await resumed.ended).code).toBe(130)
  const seen = await json.ended
  expect(seen.code).toBe(1)
  expect(JSON.parse(seen.stdout)).toMatchObject({ experiments: [{ status: 'interrupted' }] })
})
