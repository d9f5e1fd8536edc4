/** The protocol in a Fastify server of one's own. */
export { addGuard, type GuardOptions } from './http/guard.js'
export { type PluginOptions, servePlugin } from './http/plugin.js'
