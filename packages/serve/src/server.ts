/** Models from files, and the server of `gradpool serve`. */
export { type ModelFile, openModels, OpenModels, type OpenOptions, type Reload } from './server/open-models.js'
export { type Server, type ServerOptions, startServer } from './server/start-server.js'
