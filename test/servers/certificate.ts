/** A certificate of the test's own for 127.0.0.1, that no one else trusts. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NotToBeHad } from './fetched.js'

export interface Certificate {
  readonly key: string
  /** Its own authority: what trusts it is given this one. */
  readonly cert: string
}

/** @throws NotToBeHad where there is no OpenSSL */
export async function makeCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-certificate-'))
  try {
    const key = join(folder, 'key.pem')
    const cert = join(folder, 'cert.pem')
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const names = ['-subj', '/CN=gradpool-test', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
    await promisify(execFile)('openssl', ['req', '-x509', ...curve, ...names, '-keyout', key, '-out', cert])
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
  } catch (error) {
    throw new NotToBeHad('a certificate', 'apt-get install openssl', error)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
