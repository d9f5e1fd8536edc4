/** What makes plans of trainings, without what runs them: `@gradpool/trainer/plan`. */
export { averaged } from './averaged.js'
export { monitorFor, type Monitor, type MonitorOptions } from './monitor.js'
export type { Averaging, EarlyStopping, Pass, TrainingPlan } from './training-plan.js'
export { passWork } from './work.js'
