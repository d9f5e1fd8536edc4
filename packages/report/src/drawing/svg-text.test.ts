import { h } from 'preact'
import { expect, it } from 'vitest'
import { svgText } from './svg-text.js'

it('makes tags of elements, and calls components', () => {
  const Row = ({ name }: { name: string }) => h('text', { x: 1, 'text-anchor': 'end' }, name, 2)
  expect(svgText(h('svg', { width: 3, fill: undefined }, [h(Row, { name: 'a' }), null, false]))).toBe(
    '<svg width="3"><text x="1" text-anchor="end">a2</text></svg>',
  )
})

it('leaves no markup in texts and attributes', () => {
  expect(svgText(h('text', { 'aria-label': '"><script>' }, '<img src=x>&'))).toBe(
    '<text aria-label="&quot;&gt;&lt;script&gt;">&lt;img src=x&gt;&amp;</text>',
  )
})
