export { readFigures, type FiguresOptions, type RunFigures } from './figures/read-figures.js'
export type { FigureData } from './figures/examples.js'
export type { StageFigures } from './figures/stage-figures.js'
export type { PageData } from './page/page-data.js'
export { plotKinds, plotRun, type PlotOptions } from './plot.js'
export { readRunView } from './view/read-view.js'
export {
  newRunView,
  shownEvent,
  withEvent,
  type ExperimentView,
  type RunView,
  type Span,
  type StageStatus,
  type StageView,
  type TimedEvent,
} from './view/run-view.js'
export type { LoggedName, ShownItem } from './view/logged.js'
export type { UsageSpan } from './view/usage.js'
export { compact } from './view/compact.js'
export { languages, type Language } from './words.js'
export { pageOf, reportData, writeReport, type ReportOptions } from './write-report.js'
