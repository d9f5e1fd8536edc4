/** Drawings as text: components without state, whose elements become tags. */
import { Fragment, type ComponentChild, type VNode } from 'preact'

export function svgText(node: ComponentChild | readonly ComponentChild[]): string {
  if (node === null || node === undefined || typeof node === 'boolean') return ''
  if (Array.isArray(node)) return node.map(svgText).join('')
  if (typeof node !== 'object') return escaped(String(node))
  const { type, props } = node as VNode<Record<string, unknown>>
  const { children, ...others } = props
  const inner = children as ComponentChild
  if (type === Fragment) return svgText(inner)
  if (typeof type === 'function') {
    const draw = type as (props: unknown) => ComponentChild
    return svgText(draw(props))
  }
  const attributes = Object.entries(others).flatMap(([name, value]) =>
    typeof value === 'string' || typeof value === 'number' ? ` ${name}="${escaped(String(value))}"` : [],
  )
  return `<${type}${attributes.join('')}>${svgText(inner)}</${type}>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** As text that is no markup. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign)
}
