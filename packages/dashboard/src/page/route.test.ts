import { expect, it } from 'vitest'
import { addressOf, routeOf } from './route.js'

it.each([
  ['', { page: '', id: '' }],
  ['#/', { page: '', id: '' }],
  ['#/run/2026-11-27_one', { page: 'run', id: '2026-11-27_one' }],
  ['#/run/a%2Fb%20c', { page: 'run', id: 'a/b c' }],
  ['#/run/50%', { page: 'run', id: '50%' }],
  ['#/compare?run=a%2Fone&run=b', { page: 'compare', id: '' }],
])('takes %j for a page', (hash, route) => {
  expect(routeOf(hash)).toMatchObject(route)
})

it('finds again what it wrote', () => {
  const query = new URLSearchParams([
    ['where', 'accuracy>=0.9'],
    ['where', 'tag=a&b#c?'],
  ])
  const { page, id, query: found } = routeOf(addressOf('run', '<b>/?#&', query))
  expect([page, id, found.toString()]).toEqual(['run', '<b>/?#&', query.toString()])
})
