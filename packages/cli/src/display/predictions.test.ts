import { expect, test } from 'vitest'
import { predictionLines, predictionTable } from './predictions.js'

test('the tokens that a model of a text takes for the next are told as a text', () => {
  const predictions = {
    outputs: { estimate: { dtype: 'i32', shape: [2] }, share: { dtype: 'f32', shape: [2] } },
    predicted: { estimate: [0, 1, 1, 1], share: [0.5, 0.25, 1, 0] },
    numRows: 2,
    textOf: (tokens: readonly number[]) => tokens.map((token) => ['a', '"\n'][token]).join(''),
  } as const
  expect(predictionLines(predictions)).toEqual([
    '{"estimate":"a\\"\\n","share":[0.5,0.25]}',
    '{"estimate":"\\"\\n\\"\\n","share":[1,0]}',
  ])
  expect(predictionTable(predictions)).toEqual(['estimate,share.0,share.1', '"a""\n",0.5,0.25', '"""\n""\n",1,0'])
  expect(predictionTable({ ...predictions, textOf: undefined })[1]).toBe('0,1,0.5,0.25')
})
