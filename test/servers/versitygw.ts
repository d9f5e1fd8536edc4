/** A real S3 server for tests: versitygw, on a folder of its own. Go compiles it, once. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from '@gradpool/storage'
import { fromGo, NotToBeHad } from './fetched.js'
import { freePort, type ServerProcess, startServer } from './server-process.js'

const MODULE = 'github.com/versity/versitygw/cmd/versitygw'
const VERSION = 'v1.8.0'

export interface S3Server {
  readonly endpoint: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  /** Where the bucket's objects lie, as files by their keys. */
  readonly folder: string
  readonly process: ServerProcess
  readonly stop: () => Promise<void>
}

/** @throws NotToBeHad */
export async function startVersitygw(): Promise<S3Server> {
  const installed = await fromGo(MODULE, VERSION).catch((error: unknown) => {
    throw new NotToBeHad(
      'versitygw, an S3 server,',
      `GOBIN=${join(cacheFolder(), 'test-packages', `versitygw@${VERSION}`)} go install ${MODULE}@${VERSION}`,
      error,
    )
  })
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-s3-'))
  const bucket = 'gradpool-test'
  const objects = join(folder, 'objects')
  const sidecar = join(folder, 'sidecar')
  await mkdir(join(objects, bucket), { recursive: true })
  await mkdir(sidecar)
  const port = await freePort()
  const [accessKeyId, secretAccessKey, region] = ['test-key', 'test-secret', 'us-east-1']
  try {
    const server = await startServer({
      // A file system may have no attributes.
      command: [join(installed, 'versitygw'), '--port', `127.0.0.1:${port}`, 'posix', '--sidecar', sidecar, objects],
      cwd: folder,
      env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey, VGW_REGION: region, HOME: folder },
      isReady: () => answers(port),
    })
    return {
      endpoint: `http://127.0.0.1:${port}`,
      bucket,
      accessKeyId,
      secretAccessKey,
      region,
      folder: join(objects, bucket),
      process: server,
      stop: async () => {
        await server.kill()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })
}
