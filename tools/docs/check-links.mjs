// Whether every link, picture and anchor within a built site leads somewhere.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { parseHTML } from 'linkedom'

/** @returns the number of pages and links, and a line for each link that leads nowhere */
export function checkLinks(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.html'))
  const documents = new Map(files.map((file) => [join(folder, file), read(join(folder, file))]))
  const broken = []
  let numLinks = 0
  for (const [path, { links }] of documents) {
    for (const link of links) {
      if (/^([a-z]+:|\/\/)/i.test(link)) continue
      numLinks += 1
      const [file = '', anchor = ''] = link.split('#')
      const target = targetOf(decodeURI(file.split('?')[0]), path, folder)
      const where = `${relative(folder, path).split(sep).join('/')}: ${link}`
      if (target === undefined) broken.push(`${where} leads nowhere`)
      else if (anchor !== '' && !hasAnchor(documents.get(target), decodeURIComponent(anchor))) {
        broken.push(`${where} has no such anchor`)
      }
    }
  }
  return { numPages: documents.size, numLinks, broken }
}

const hasAnchor = (document, anchor) => document === undefined || document.ids.has(anchor)

function read(path) {
  const { document } = parseHTML(readFileSync(path, 'utf8'))
  const all = [...document.querySelectorAll('[href], [src]')]
  return {
    links: all.map((element) => element.getAttribute('href') ?? element.getAttribute('src')),
    ids: new Set([...document.querySelectorAll('[id]')].map(({ id }) => id)),
  }
}

function targetOf(link, page, folder) {
  if (link === '') return page
  const path = link.startsWith('/') ? join(folder, link) : join(dirname(page), link)
  const candidates = [path, `${path}.html`, join(path, 'index.html')]
  return candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile())
}
