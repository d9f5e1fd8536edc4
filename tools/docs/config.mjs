// How VitePress makes the site.
import { join } from 'node:path'
import GithubSlugger from 'github-slugger'
import { root } from '../environment.mjs'
import { sidebar } from './navigation.mjs'

export const html = join(root, 'dist', 'docs', 'html')

/** @param pages paths with titles */
export function siteConfig(pages) {
  return {
    title: 'Gradpool',
    description: 'Neural networks trained on every core of a machine, from TypeScript',
    outDir: html,
    cacheDir: join(root, 'dist', 'docs', 'cache'),
    // They are checked in the built pages, with their anchors.
    ignoreDeadLinks: true,
    // As GitHub has them, where the same pages are read.
    markdown: { anchor: { slugify: (text) => new GithubSlugger().slug(text) } },
    // The index of the search is one file.
    vite: { build: { chunkSizeWarningLimit: 10_000 } },
    themeConfig: {
      search: { provider: 'local' },
      outline: [2, 3],
      nav: [
        { text: 'Guide', link: '/docs/getting-started' },
        { text: 'API', link: '/api/' },
      ],
      sidebar: sidebar(new Map(pages)),
    },
  }
}
