/** The protocol in a Fastify server of one's own. */
export { addGuard, type GuardOptions } from './http/guard.js'
export { hostsOf, isOwn, listen } from './http/listen.js'
export { Refusal } from './protocol/refusal.js'
export { type PluginOptions, servePlugin } from './http/plugin.js'
