export { startDashboard, type Dashboard, type DashboardOptions } from './server/start-dashboard.js'
