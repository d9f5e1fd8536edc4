/** The module that Piscina's threads start with; `tools/bundle.mjs` knows where it is. */
declare module 'piscina/dist/worker.js' {}
