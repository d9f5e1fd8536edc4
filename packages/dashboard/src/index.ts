/** A page of all runs of a folder, those that go on among them, and its server. */
export type { JobTold, MachineTold, QueueTold } from './api.js'
export type { FindNeighbours, ModelFile } from './drawing/image-models.js'
export { startDashboard, type Dashboard, type DashboardOptions } from './server/start-dashboard.js'
