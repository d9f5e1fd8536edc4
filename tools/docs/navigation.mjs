// What the site shows where. A page of docs/ that is not named here is under "More", so a new page needs no entry.
/** Groups of pages by their paths in the repository, in order; those that are not there are left out. */
export const groups = [
  {
    title: 'Guide',
    pages: [
      'README.md',
      'docs/getting-started.md',
      'docs/platforms.md',
      'docs/cpu.md',
      'docs/scaling.md',
      'docs/queue.md',
      'docs/queue-deployment.md',
      'docs/browser.md',
      'examples/browser/README.md',
      'docs/bundling.md',
      'docs/report.md',
      'docs/dashboard.md',
      'docs/exports.md',
      'docs/serving.md',
      'docs/numerics.md',
    ],
  },
  {
    title: 'Data',
    pages: [
      'docs/tables.md',
      'docs/images.md',
      'docs/series.md',
      'docs/sequences.md',
      'docs/text.md',
      'docs/large-data.md',
      'docs/encoders.md',
      'docs/json-lines.md',
      'docs/numpy.md',
    ],
  },
  {
    title: 'Training',
    pages: [
      'docs/optimizers.md',
      'docs/judging.md',
      'docs/tracking.md',
      'docs/runs.md',
      'docs/regression.md',
      'docs/clustering.md',
      'docs/hashing.md',
      'docs/averaging.md',
      'docs/one-training-over-machines.md',
      'docs/durability.md',
      'docs/catalogue.md',
    ],
  },
  {
    title: 'Inside',
    pages: ['docs/how-it-works.md', 'docs/engines.md', 'docs/file-formats.md', 'docs/performance.md'],
  },
  { title: 'Packages', folder: 'packages', isCollapsed: true },
  { title: 'API', folder: 'api', isCollapsed: true },
  { title: 'Contributing', pages: ['CONTRIBUTING.md', 'ROADMAP.md', 'SECURITY.md'], folder: 'docs/contributing' },
  { title: 'Decisions', folder: 'docs/decisions', isCollapsed: true },
  { title: 'Figures and oracles', folder: 'tools', isCollapsed: true },
  { title: 'More', folder: 'docs' },
  { title: 'Changes', pages: ['CHANGELOG.md'] },
]

/** Modules of the API reference, by their sources. What several export is told of in the first. */
export const modules = {
  '@gradpool/core': 'packages/core/src/index.ts',
  '@gradpool/models': 'packages/models/src/index.ts',
  '@gradpool/datasets': 'packages/datasets/src/index.ts',
  '@gradpool/trainer': 'packages/trainer/src/index.ts',
  '@gradpool/experiments': 'packages/experiments/src/index.ts',
  '@gradpool/core/engine': 'packages/core/src/engine/index.ts',
  '@gradpool/engine-cpu': 'packages/engine-cpu/src/index.ts',
  '@gradpool/engine-contract': 'packages/engine-contract/src/index.ts',
  '@gradpool/storage': 'packages/storage/src/index.ts',
  '@gradpool/engine-tensorflow': 'packages/engine-tensorflow/src/index.ts',
  '@gradpool/orchestrator': 'packages/orchestrator/src/index.ts',
  '@gradpool/hashing': 'packages/hashing/src/index.ts',
  '@gradpool/onnx': 'packages/onnx/src/index.ts',
  '@gradpool/queue': 'packages/queue/src/index.ts',
  '@gradpool/report': 'packages/report/src/index.ts',
  '@gradpool/dashboard': 'packages/dashboard/src/index.ts',
  '@gradpool/serve': 'packages/serve/src/index.ts',
  '@gradpool/serve/fastify': 'packages/serve/src/fastify.ts',
  '@gradpool/serve/server': 'packages/serve/src/server.ts',
  '@gradpool/tracking': 'packages/tracking/src/index.ts',
  '@gradpool/worker-pool': 'packages/worker-pool/src/index.ts',
  'gradpool/predict': 'packages/gradpool/src/predict.ts',
  gradpool: 'packages/gradpool/src/index.ts',
}

/**
 * The sidebar of pages with titles, by their paths.
 *
 * @param pages a Map of paths to titles
 */
export function sidebar(pages) {
  const left = new Map(pages)
  const take = (path) => {
    const text = left.get(path)
    left.delete(path)
    return { text, link: `/${path.replace(/(?:README|index)?\.md$/, '')}` }
  }
  return groups
    .map(({ title, pages: named = [], folder, isCollapsed }) => {
      const inFolder = () => [...left.keys()].filter((path) => folder !== undefined && path.startsWith(`${folder}/`))
      const items = named.filter((path) => left.has(path)).map(take)
      items.push(...inFolder().map(take))
      return { text: title, items, ...(isCollapsed && { collapsed: true }) }
    })
    .filter(({ items }) => items.length > 0)
}
