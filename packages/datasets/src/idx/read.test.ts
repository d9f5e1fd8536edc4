import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, mkdir, open, readdir, readlink, symlink, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { tempFolder } from '../testing/temp-folder.js'
import { tinyImages, tinyLabels } from '../testing/tiny-folder.js'
import { userErrorOf } from '../testing/user-errors.js'
import { readIdx, readIdxHeader } from './read.js'

const images = tinyImages(4)

async function fileOf(bytes: Uint8Array, name = 'images'): Promise<string> {
  const path = join(await tempFolder(), name)
  await writeFile(path, bytes)
  return path
}

/** The message without the path of the file, which it has to begin with. */
async function complaintAbout(bytes: Uint8Array, rank?: number): Promise<string> {
  const path = await fileOf(bytes)
  const allocate = vi.fn((numBytes: number) => new Uint8Array(numBytes))
  const message = await userErrorOf(() => readIdx(path, rank === undefined ? { allocate } : { rank, allocate }))
  expect(message.startsWith(`${path} `)).toBe(true)
  for (const [numBytes] of allocate.mock.calls) expect(numBytes).toBeLessThan(40)
  return message.slice(path.length + 1)
}

/** The bytes with some of them, by position, replaced. */
function changed(bytes: Uint8Array, replaced: Readonly<Record<number, number>>): Uint8Array {
  const copy = Uint8Array.from(bytes)
  for (const [position, byte] of Object.entries(replaced)) copy[Number(position)] = byte
  return copy
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

describe('a good file', () => {
  it('is read into the memory that was allocated for it', async () => {
    const memory = new SharedArrayBuffer(1000)
    const allocate = vi.fn((numBytes: number) => new Uint8Array(memory, 100, numBytes))
    const { dims, values } = await readIdx(await fileOf(images), { rank: 3, allocate })
    expect(dims).toEqual([4, 2, 3])
    expect(values.buffer).toBe(memory)
    expect(Array.from(values)).toEqual(Array.from({ length: 24 }, (_, index) => index))
    expect(allocate.mock.calls).toEqual([[24]])
  })

  it('lies in memory that threads share unless told otherwise', async () => {
    const { values } = await readIdx(await fileOf(images))
    expect(values.buffer).toBeInstanceOf(SharedArrayBuffer)
  })

  it('is known to be gzip by its contents and not by its name', async () => {
    const plain = await readIdx(await fileOf(images, 'images.gz'))
    const packed = await readIdx(await fileOf(gzipSync(images), 'images'))
    expect(packed).toEqual(plain)
  })

  it('may be several gzip members in a row', async () => {
    const members = joined(gzipSync(images.subarray(0, 9)), gzipSync(images.subarray(9)))
    expect(await readIdx(await fileOf(members))).toEqual(await readIdx(await fileOf(images)))
  })

  it('is described by its header alone', async () => {
    const dims = [4, 2, 3]
    const packed = gzipSync(images)
    expect(await readIdxHeader(await fileOf(packed), 3)).toEqual({ dims, compressed: true, fileBytes: packed.length })
    const path = await fileOf(images)
    expect(await readIdxHeader(path)).toEqual({ dims, compressed: false, fileBytes: images.length })
    expect(await userErrorOf(() => readIdxHeader(path, 1))).toBe(`${path} has 3 dimensions, expected 1`)
  })

  it('has the hash of its uncompressed bytes', async () => {
    const sha256 = createHash('sha256').update(images).digest('hex')
    expect(await readIdx(await fileOf(images))).toMatchObject({ sha256 })
    expect(await readIdx(await fileOf(gzipSync(images)))).toMatchObject({ sha256 })
  })

  it('takes no memory of another size than it asked for', async () => {
    const path = await fileOf(images)
    const allocate = (numBytes: number) => new Uint8Array(numBytes + 1)
    await expect(readIdx(path, { allocate })).rejects.toThrow('asked for 24 bytes, got 25')
  })

  it('lets the caller refuse its dimensions before any memory is allocated', async () => {
    const allocate = vi.fn((numBytes: number) => new Uint8Array(numBytes))
    const checkDims = () => {
      throw new RangeError('not these')
    }
    await expect(readIdx(await fileOf(images), { allocate, checkDims })).rejects.toThrow(RangeError)
    expect(allocate).not.toHaveBeenCalled()
  })
})

describe('a wrong header', () => {
  it.each([
    ['first magic byte', changed(images, { 0: 0x89, 1: 0x50 }), 'begins with 89 50, expected 00 00'],
    ['second magic byte', changed(images, { 1: 1 }), 'begins with 00 01, expected 00 00'],
    ['half a mark of gzip', changed(images, { 0: 0x1f }), 'begins with 1f 00, expected 00 00'],
    ['the other half', changed(images, { 1: 0x8b }), 'begins with 00 8b, expected 00 00'],
    ['floats', changed(images, { 2: 0x0d }), 'holds 32-bit floats (0d), expected unsigned bytes'],
    ['16-bit integers', changed(images, { 2: 0x0b }), 'holds 16-bit integers (0b), expected unsigned bytes (08)'],
    ['type 0', changed(images, { 2: 0 }), 'holds an unknown type of elements (00), expected unsigned bytes (08)'],
    ['unknown type', changed(images, { 2: 0x42 }), 'an unknown type of elements (42), expected'],
    ['rank', changed(images, { 3: 1 }), 'has 1 dimension, expected 3'],
    ['no rank', changed(images, { 3: 0 }), 'has 0 dimensions, expected 3'],
    ['too few images', changed(images, { 7: 3 }), 'has 24 bytes after its header, expected 18'],
    ['too many images', changed(images, { 7: 5 }), 'has 24 bytes after its header, expected 30'],
    ['height', changed(images, { 11: 3 }), 'has 24 bytes after its header, expected 36 (4 × 3 × 3)'],
    ['width', changed(images, { 15: 2 }), 'has 24 bytes after its header, expected 16 (4 × 2 × 2)'],
    ['0 images', tinyImages(0), 'has the dimensions 0 × 2 × 3, expected none of them to be 0'],
    ['little-endian', changed(images, { 4: 4, 7: 0 }), 'expected 402653184 (67108864 × 2 × 3)'],
  ])('%s', async (_, bytes, complaint) => {
    expect(await complaintAbout(bytes, 3)).toContain(complaint)
    // Compressed, its size is known only when it has been read.
    const packed = await complaintAbout(gzipSync(bytes), 3)
    expect(packed).toMatch(/expected|hold at most/)
  })

  it('of no elements', async () => {
    expect(await complaintAbout(tinyLabels(0), 1)).toBe('is empty: it has 0 elements, expected none of them to be 0')
  })

  it('cannot make the reader allocate more than the file can hold', async () => {
    const dims = changed(images, { 4: 255, 8: 255, 12: 255 })
    expect(await complaintAbout(dims)).toContain('is cut short')
    expect(await complaintAbout(gzipSync(dims))).toMatch(/bytes of gzip hold at most \d+$/)
    const packed = gzipSync(changed(images, { 4: 1 }))
    expect(await complaintAbout(packed)).toBe(
      `is cut short: its header promises ${(2 ** 24 + 4) * 6} bytes (${2 ** 24 + 4} × 2 × 3), ` +
        `but ${packed.length} bytes of gzip hold at most ${packed.length * 1032}`,
    )
  })
})

describe('a wrong length', () => {
  it('is noticed wherever a plain file is cut', async () => {
    for (let length = 0; length < images.length; length++) {
      const complaint = await complaintAbout(images.subarray(0, length))
      expect(complaint).toMatch(/(is cut short: it has|it has) \d+ bytes.*, expected/)
    }
  })

  it('is told with what there is', async () => {
    expect(await complaintAbout(new Uint8Array())).toBe('is not an IDX file: it has 0 bytes, expected at least 4')
    expect(await complaintAbout(images.subarray(0, 3))).toBe('is not an IDX file: it has 3 bytes, expected at least 4')
    expect(await complaintAbout(Uint8Array.of(0x1f))).toBe('is not an IDX file: it has 1 bytes, expected at least 4')
    expect(await complaintAbout(images.subarray(0, 10))).toBe('is cut short: it has 10 bytes, expected a header of 16')
    expect(await complaintAbout(joined(gzipSync(images), new Uint8Array(1000)))).toBe(
      'has 1000 more bytes after its gzip data, expected none',
    )
  })

  it('is noticed wherever a gzip file is cut', async () => {
    const packed = gzipSync(images)
    for (let length = 0; length < packed.length; length++) {
      expect(await complaintAbout(packed.subarray(0, length))).toMatch(/is cut short|is not an IDX/)
    }
  })

  it('is noticed when whole gzip data holds too little', async () => {
    expect(await complaintAbout(gzipSync(images.subarray(0, 30)))).toBe(
      'is cut short: it has 14 bytes after its header, expected 24 (4 × 2 × 3)',
    )
  })

  it('is noticed when bytes follow the elements', async () => {
    const longer = joined(images, Uint8Array.of(0))
    expect(await complaintAbout(longer)).toBe('is too long: it has 25 bytes after its header, expected 24 (4 × 2 × 3)')
    expect(await complaintAbout(gzipSync(longer))).toBe(
      'is too long: it has more after its header, expected 24 (4 × 2 × 3)',
    )
  })

  it('ends the reading of a decompression bomb with the first byte too many', async () => {
    const bomb = gzipSync(joined(images, new Uint8Array(64 * 1024 * 1024)))
    expect(await complaintAbout(bomb)).toContain('is too long')
  })

  it.each([
    ['zeros', new Uint8Array(1000)],
    ['text', Buffer.from('trailing garbage')],
    ['half a gzip header', Uint8Array.of(0x1f, 0x8b, 8)],
  ])('is noticed when %s follow the gzip data', async (_, garbage) => {
    const complaint = await complaintAbout(joined(gzipSync(images), garbage))
    expect(complaint).toMatch(/after its gzip data|nothing after it|ends too early/)
  })

  it('is noticed when the gzip data is damaged', async () => {
    const packed = gzipSync(images)
    const checksum = packed.length - 8
    const damaged = changed(packed, { [checksum]: (packed[checksum] ?? 0) ^ 1 })
    expect(await complaintAbout(damaged)).toContain('is damaged: zlib found "incorrect data check"')
  })
})

describe('a file that cannot be read', () => {
  it('is missing', async () => {
    const path = join(await tempFolder(), 'images')
    expect(await userErrorOf(() => readIdx(path))).toBe(`${path} is missing, expected a file`)
  })

  it('is a directory', async () => {
    const path = join(await tempFolder(), 'images')
    await mkdir(path)
    expect(await userErrorOf(() => readIdx(path))).toBe(`${path} is a directory, expected a file`)
  })

  it.skipIf(process.platform === 'win32')('is a device', async () => {
    expect(await userErrorOf(() => readIdx('/dev/null'))).toContain('is a device or pipe')
  })

  it.skipIf(process.platform === 'win32')('is a pipe, for whose other end nobody waits', async () => {
    const path = join(await tempFolder(), 'images')
    execFileSync('mkfifo', [path])
    // Ends the waiting, where there is one.
    onTestFinished(async () => (await open(path, constants.O_RDWR | constants.O_NONBLOCK)).close())
    expect(await userErrorOf(() => readIdx(path))).toContain('is a device or pipe, expected a file')
  })

  it.skipIf(process.platform === 'win32')('is a link to itself', async () => {
    const path = join(await tempFolder(), 'images')
    await symlink(path, path)
    expect(await userErrorOf(() => readIdx(path))).toContain('symbolic links lead in a circle')
  })

  it('fails after its header', async () => {
    const path = await fileOf(images)
    const handle = await open(path)
    const read = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'read')
    onTestFinished(() => read.mockRestore())
    await handle.close()
    const checkDims = () => {
      read.mockRejectedValueOnce(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }))
    }
    expect(await userErrorOf(() => readIdx(path, { checkDims }))).toBe(`${path} cannot be read: i/o error`)
  })

  // A process has one user for all of its threads.
  it.skipIf(process.seteuid === undefined || !isMainThread)('may not be read', async () => {
    const path = await fileOf(images)
    await chmod(path, 0)
    const user = process.geteuid?.() ?? 0
    // Root may read everything, so it becomes somebody else for a moment.
    if (user === 0) process.seteuid?.(65534)
    try {
      expect(await userErrorOf(() => readIdx(path))).toBe(`${path} cannot be read: permission denied`)
    } finally {
      process.seteuid?.(user)
    }
  })
})

it.skipIf(process.platform !== 'linux').each([
  ['plain', images],
  ['gzip', gzipSync(images)],
  ['plain, with another rank', changed(images, { 3: 1 })],
  ['gzip, with another rank', gzipSync(changed(images, { 3: 1 }))],
])('a file is closed after it was read or refused: %s', async (_, bytes) => {
  const path = await fileOf(bytes)
  await Promise.allSettled([readIdx(path, { rank: 3 }), readIdxHeader(path, 3)])
  expect(await openFiles()).not.toContain(path)
  const folder = await tempFolder()
  await userErrorOf(() => readIdx(folder))
  expect(await openFiles()).not.toContain(folder)
})

/** What the process has open. */
async function openFiles(): Promise<string[]> {
  const numbers = await readdir('/proc/self/fd')
  return Promise.all(numbers.map((number) => readlink(`/proc/self/fd/${number}`).catch(() => 'closed by now')))
}
