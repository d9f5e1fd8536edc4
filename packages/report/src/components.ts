/** What pages are made of, for other pages: those of the dashboard. */
export { App } from './page/app.js'
export { Chart, Swatch } from './page/chart.js'
export { Curves } from './page/curves.js'
export { Details } from './page/details.js'
export { Experiments } from './page/experiments.js'
export type { PageData } from './page/page-data.js'
export { ResultsTable } from './page/results.js'
export { hasLogged, Logged } from './page/logged.js'
export { PixelImage, type Pixels } from './page/pixels.js'
export { Figures } from './page/stage.js'
export { themes, useTheme, type Theme } from './page/theme.js'
export { themed } from './drawing/paint.js'
export { Timeline } from './drawing/timeline.js'
export { experimentsIn, panelsOf, type Curve, type CurvePoint, type Panel } from './view/curves.js'
export { newRunView, withEvent, type RunView, type StageView, type TimedEvent } from './view/run-view.js'
export { tableOf, type TableRow } from './view/table.js'
export {
  bytesText,
  durationText,
  languageNames,
  languages,
  metricWord,
  numberText,
  words,
  type Language,
  type Words,
} from './words.js'
export { thinned } from './view/thin.js'
