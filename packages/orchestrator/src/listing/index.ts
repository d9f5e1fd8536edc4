/** The runs of a folder and their labels, for programs that load nothing that trains. */
export { listRuns, RunList } from './list-runs.js'
export { checkNames, metricNames, rowsOfRuns, rowValue, type RowsAsked, type RunRow } from './run-rows.js'
export { mean, standardDeviation } from './statistics.js'
export {
  compareValues,
  fieldNames,
  fits,
  flatConfig,
  isFoundIn,
  parseCondition,
  valuesOf,
  type Condition,
  type FieldValue,
} from './run-fields.js'
export { changeLabels, readLabels, type LabelsChange, type RunLabels } from './run-labels.js'
export { summarize } from './run-summary.js'
export type { ExperimentSummary, RunStatus, RunSummary } from './run-summary.js'
