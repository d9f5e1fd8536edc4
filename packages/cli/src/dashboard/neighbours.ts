/** What a drawing is most like, by the index beside a model. */
import { statSync } from 'node:fs'
import { type FindNeighbours } from '@gradpool/dashboard'
import { nearest, openIndex, type SearchedIndex } from '../hashing/search-index.js'

const SHOWN = 10

/** The index that was asked for last stays in memory, with its images. */
export function neighbourFinder(): FindNeighbours {
  let last: { readonly key: string; readonly opened: Promise<SearchedIndex> } | undefined
  return async (path, { pixels, height, width }) => {
    const key = `${path} ${statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? ''}`
    const opened = last?.key === key ? last.opened : openIndex(path)
    last = { key, opened }
    opened.catch(() => (last = undefined))
    const found = await nearest(await opened, { pixels: Uint8Array.from(pixels), height, width }, { k: SHOWN })
    return found.map(({ picture, label, hamming }) => ({
      image: { height: picture.height, width: picture.width, pixels: Array.from(picture.pixels) },
      label: label === null ? null : String(label),
      distance: hamming,
    }))
  }
}
