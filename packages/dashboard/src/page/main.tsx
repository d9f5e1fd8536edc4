/** The script of the dashboard's page. */
import { render } from 'preact'

const place = document.getElementById('page')
if (place !== null) render(<h1>Gradpool</h1>, place)
