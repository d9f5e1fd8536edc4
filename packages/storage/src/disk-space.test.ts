import { statfs } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { temporaryFolder } from './testing/temporary-folder.js'
import { checkDiskSpace } from './disk-space.js'

it('goes by the free space of the disk, with some left for others', async () => {
  const folder = await temporaryFolder()
  const { bavail, bsize } = await statfs(folder)
  await checkDiskSpace(folder, bavail * bsize * 0.5 - 16e6)
  await expect(checkDiskSpace(folder, bavail * bsize * 2)).rejects.toMatchObject({
    code: 'ENOSPC',
    message: expect.stringMatching(/^ENOSPC: the disk has \d+\.\d MB left and \d+\.\d MB are needed$/) as string,
  })
})
