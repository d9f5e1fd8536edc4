import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { syncFile } from './sync-file.js'

it('takes a handle without a sync of its own, and no other failure', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gradpool-sync-'))
  const file = await open(join(folder, 'it'), 'w')
  try {
    file.sync = () => Promise.reject(new Error('Method not implemented.'))
    await expect(syncFile(file)).resolves.toBeUndefined()
    file.sync = () => Promise.reject(new Error('the disk is full'))
    await expect(syncFile(file)).rejects.toThrow('the disk is full')
  } finally {
    await file.close()
    await rm(folder, { recursive: true })
  }
})
