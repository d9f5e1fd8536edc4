/**
 * The files of the page, in memory: what is asked for is one of them or nothing, and no path of a request is a file's.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { FastifyInstance } from 'fastify'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

interface PageFile {
  readonly path: string
  readonly type: string
  readonly bytes: Buffer
  readonly tag: string
}

/** `tools/bundle.mjs` makes these files. */
const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../dist/page/' : './page/', import.meta.url)

export async function readPageFiles(): Promise<PageFile[]> {
  const names = (await readdir(FOLDER, { recursive: true })).map((name) => name.replaceAll('\\', '/'))
  const files = names.map(async (name): Promise<PageFile[]> => {
    const type = name.endsWith('.d.ts') ? undefined : TYPES[extname(name)]
    if (type === undefined) return []
    const bytes = await readFile(new URL(name, FOLDER))
    const tag = `"${createHash('sha256').update(bytes).digest('base64url')}"`
    return [{ path: name === 'index.html' ? '/' : `/${name}`, type, bytes, tag }]
  })
  return (await Promise.all(files)).flat()
}

export function servePage(app: FastifyInstance, files: readonly PageFile[]): void {
  for (const { path, type, bytes, tag } of files) {
    app.get(path, (request, reply) => {
      void reply.headers({ 'cache-control': 'no-cache', etag: tag })
      return request.headers['if-none-match'] === tag ? reply.code(304).send() : reply.type(type).send(bytes)
    })
  }
}
