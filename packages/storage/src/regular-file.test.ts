import { UserError } from '@gradpool/core'
import { execFileSync } from 'node:child_process'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readTold, tellOf } from './file-hash.js'
import { readRegular, readRegularSync } from './regular-file.js'
import { temporaryFolder } from './testing/temporary-folder.js'

describe('a file that is read', () => {
  it('comes whole, through symbolic links too, or its first bytes', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'file')
    await writeFile(path, 'four')
    await symlink(path, join(folder, 'link'))
    expect(String(await readRegular(join(folder, 'link')))).toBe('four')
    expect(String(readRegularSync(path, { most: 4 }))).toBe('four')
    expect(String(await readRegular(path, { first: 2 }))).toBe('fo')
  })

  it('is refused where its size is another, before memory is taken', async () => {
    const path = join(await temporaryFolder(), 'file')
    await writeFile(path, 'four')
    for (const reading of [{ exactly: 5 }, { exactly: 3 }, { first: 5 }]) {
      await expect(readRegular(path, reading)).rejects.toThrow(`'${path}' is not as it was written`)
    }
    await expect(readRegular(path, { most: 3 })).rejects.toThrow(
      `'${path}' has 4 bytes, and 3 is the most that are read`,
    )
    await truncate(path, 2 ** 40)
    await expect(readRegular(path)).rejects.toThrow('has 1099511627776 bytes')
  })

  it('is refused at once where it is a folder, a pipe or a device', async () => {
    const folder = await temporaryFolder()
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    await mkdir(join(folder, 'inner'))
    await symlink('/dev/zero', join(folder, 'zero'))
    for (const [path, what] of [
      [join(folder, 'inner'), 'folder'],
      [pipe, 'pipe or a device'],
      [join(folder, 'zero'), 'pipe or a device'],
      ['/dev/zero', 'pipe or a device'],
    ] as const) {
      const sentence = new UserError(`'${path}' is a ${what}, not a file`)
      await expect(readRegular(path)).rejects.toThrow(sentence)
      expect(() => readRegularSync(path)).toThrow(sentence)
    }
  })

  it('is refused where its bytes are others than was told', async () => {
    const path = join(await temporaryFolder(), 'file')
    await writeFile(path, 'four')
    const told = tellOf(Buffer.from('four'))
    expect(String(await readTold(path, told))).toBe('four')
    await writeFile(path, 'five')
    await expect(readTold(path, told)).rejects.toThrow(`'${path}' is not as it was written`)
  })
})
