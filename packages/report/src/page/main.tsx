/** The script of a page that has its data inside. */
import { render } from 'preact'
import { App } from './app.js'
import type { PageData } from './page-data.js'

const text = document.getElementById('data')?.textContent ?? ''
const place = document.getElementById('page')
// Whoever wrote the page wrote the data.
const data = JSON.parse(text) as PageData
if (place !== null) {
  place.replaceChildren()
  render(<App data={data} />, place)
}
