// The documentation as a site, in dist/docs/html: all Markdown pages of the repository, and an API reference from the
// sources. No network is used. Fails where a link or an anchor leads nowhere.
//
//   node tools/docs/run.mjs
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { Application, ReflectionKind } from 'typedoc'
import { build } from 'vitepress'
import { root } from '../environment.mjs'
import { checkLinks } from './check-links.mjs'
import { html } from './config.mjs'
import { modules } from './navigation.mjs'
import { stage } from './stage.mjs'

const source = join(root, 'dist', 'docs', 'source')

/** Writes a page for each module. */
async function reference() {
  const application = await Application.bootstrapWithPlugins({
    plugin: ['typedoc-plugin-markdown'],
    entryPoints: Object.values(modules).map((path) => join(root, path)),
    tsconfig: join(root, 'tsconfig.lint.json'),
    // Types are checked by `tsc`, links of the site below.
    skipErrorChecking: true,
    validation: false,
    readme: 'none',
    excludeInternal: true,
    disableSources: true,
    logLevel: 'Error',
  })
  application.options.setValue('router', 'module')
  application.options.setValue('hideBreadcrumbs', true)
  application.options.setValue('hidePageHeader', true)
  application.options.setValue('entryFileName', 'index')
  // Names that differ only in case would have one anchor.
  application.options.setValue('useHTMLAnchors', true)
  application.options.setValue('anchorPrefix', 'api-')
  const project = await application.convert()
  if (project === undefined) throw new Error('TypeDoc could not read the sources')
  project.name = 'API'
  for (const made of project.getChildrenByKind(ReflectionKind.Module)) {
    // TypeDoc names a module by the end of its path, such as `core/src`, `core/src/engine` or `gradpool/src/predict`.
    const isIts = ([, path]) => [`packages/${made.name}/index.ts`, `packages/${made.name}.ts`].includes(path)
    made.name = Object.entries(modules).find(isIts)?.[0] ?? made.name
  }
  await application.outputs.writeOutput({ name: 'markdown', path: join(source, 'api') }, project)
}

/** Pages of the reference have no titles of their own. */
function referencePages() {
  const files = readdirSync(join(source, 'api'), { recursive: true }).filter((file) => file.endsWith('.md'))
  return files.sort().map((file) => [`api/${file.split(sep).join('/')}`, file.replace(/(\/?index)?\.md$/, '') || 'API'])
}

rmSync(join(root, 'dist', 'docs'), { recursive: true, force: true })
const titles = stage(source)
await reference()
for (const [path, title] of referencePages()) titles.set(path, title)
mkdirSync(join(source, '.vitepress'))
const made = new URL('config.mjs', import.meta.url).href
const config = `import { siteConfig } from '${made}'\nexport default siteConfig(${JSON.stringify([...titles])})\n`
writeFileSync(join(source, '.vitepress', 'config.mjs'), config)
await build(source)
const { numPages, numLinks, broken } = checkLinks(html)
process.stdout.write(broken.map((line) => `${line}\n`).join(''))
process.stdout.write(
  `${numPages} pages, ${numLinks} links within them, ${broken.length} of these lead nowhere: ${html}\n`,
)
process.exitCode = broken.length > 0 ? 1 : 0
