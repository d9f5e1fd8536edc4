// Puts the same blobs and names as others do at the same time: node put-blobs.mjs ADDRESS TOKEN COUNT
import { openStore } from '../../dist/index.js'

const [, , address, token, count] = process.argv
const store = await openStore(address, { token })
for (let index = 0; index < Number(count); index++) {
  const bytes = Buffer.alloc(10_000, `blob ${index}`)
  await store.put(bytes)
  await store.writeName('shared', bytes)
  await store.get(await store.put(bytes), bytes.length)
}
await store.close()
