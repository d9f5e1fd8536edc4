import { describe, expect, it } from 'vitest'
import { parseJson, scanJson } from './bounded-json.js'

describe('parseJson', () => {
  it.each([
    ['1', 0],
    ['[[1]]', 2],
    ['{"a":{"b":[1]}}', 3],
    ['[[],[],{},[]]', 2],
    ['"[[["', 0],
    ['["[{", "\\"[[", "\\\\", "\\\\\\"[["]', 1],
    ['{"[\\"{[": "}"}', 1],
    ['["", [""]]', 2],
    ['["\\"", ["\\""]]', 2],
  ])('takes %s, which is nested %d deep, and no deeper than is asked for', (text, depth) => {
    expect(parseJson(text, depth)).toEqual(JSON.parse(text))
    if (depth === 0) return
    expect(() => parseJson(text, depth - 1)).toThrow(SyntaxError)
    expect(() => parseJson(text, depth - 1)).toThrow(`it is nested more than ${depth - 1} deep`)
  })

  it('sees the brackets after a string that ends with a backslash', () => {
    expect(() => parseJson('["\\\\", [1]]', 1)).toThrow('it is nested more than 1 deep')
    expect(() => parseJson('["\\\\\\\\", [1]]', 1)).toThrow('it is nested more than 1 deep')
  })

  it.each(['', '[', '["', '["a[[', '["\\"', '["\\', ']', '[1}', '{"a"}'])('takes nothing else for JSON: %s', (text) => {
    expect(() => parseJson(text, 1)).toThrow(SyntaxError)
    expect(() => parseJson(text, 1)).not.toThrow('nested')
  })

  it('refuses what is nested too deep for a stack', () => {
    expect(() => parseJson('['.repeat(1e6) + ']'.repeat(1e6), 1000)).toThrow('it is nested more than 1000 deep')
  })
})

describe('scanJson', () => {
  it('visits brackets and colons with their depth, but for those in strings', () => {
    const visited: string[] = []
    scanJson('{"a:[":[1,{"b":2}],"c":"}"}', (character, depth) => visited.push(`${character} ${depth}`))
    expect(visited).toEqual(['{ 1', ': 1', '[ 2', '{ 3', ': 3', '} 3', '] 2', ': 1', '} 1'])
  })
})
