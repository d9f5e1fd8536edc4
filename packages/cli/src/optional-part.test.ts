import { expect, test } from 'vitest'
import { importOptional } from './optional-part.js'

const failing = (message: string, code: string) => () => Promise.reject(Object.assign(new Error(message), { code }))

test('a package that is not installed is one sentence with the command that installs it', async () => {
  const missing = failing("Cannot find package '@gradpool/serve' imported from /a/cli.js", 'ERR_MODULE_NOT_FOUND')
  await expect(importOptional('A server', '@gradpool/serve', missing)).rejects.toThrow(
    /^A server needs the package @gradpool\/serve: .*@gradpool\/serve@\d/,
  )
  await expect(importOptional('A path', 'path', () => import('node:path'))).resolves.toHaveProperty('join')
})

test('what else is wrong with it is said as it is', async () => {
  const other = failing("Cannot find package 'fastify' imported from /a/serve.js", 'ERR_MODULE_NOT_FOUND')
  await expect(importOptional('A server', '@gradpool/serve', other)).rejects.toThrow("Cannot find package 'fastify'")
})
