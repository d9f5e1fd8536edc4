/** Other figures of a done stage, with a manifest that fits them. */
import { openSealed, sealJson, tellOf } from '@gradpool/storage'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export async function rewriteMetrics(folder: string, changes: object): Promise<void> {
  const [metrics, done] = [join(folder, 'metrics.json'), join(folder, 'done')]
  const text = JSON.stringify({ ...(JSON.parse(await readFile(metrics, 'utf8')) as object), ...changes })
  await writeFile(metrics, text)
  const manifest = openSealed(await readFile(done, 'utf8')).value as { readonly files: object }
  const files = { ...manifest.files, 'metrics.json': tellOf(Buffer.from(text)) }
  await writeFile(done, sealJson({ ...manifest, files }))
}
